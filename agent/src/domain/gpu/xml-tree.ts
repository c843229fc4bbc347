import { SaxesParser } from "saxes";

/** An element with its text and children, by name and in order. */
export class XmlElement {
  readonly name: string;
  text = "";
  readonly children: XmlElement[] = [];

  constructor(name: string) {
    this.name = name;
  }

  /** The first descendant by this path of names. */
  find(...path: readonly string[]): XmlElement | undefined {
    const [name, ...rest] = path;
    const child = this.children.find((one) => one.name === name);
    return rest.length === 0 ? child : child?.find(...rest);
  }

  /** The text of what `find` finds, trimmed; undefined without it. */
  value(...path: readonly string[]): string | undefined {
    return this.find(...path)?.text.trim();
  }

  all(name: string): readonly XmlElement[] {
    return this.children.filter((child) => child.name === name);
  }
}

const CHARS_MAX = 16 * 1024 * 1024;
const DEPTH_MAX = 32;
const TEXT_CHARS_MAX = 4_096;

/** The root of a small document; null: it is not well-formed, nested too deeply or longer than 16 Mi characters. */
export function parseXml(text: string): XmlElement | null {
  if (text.length > CHARS_MAX) return null;
  const xml = new SaxesParser({ xmlns: false, position: false });
  const open: XmlElement[] = [];
  let root: XmlElement | null = null;
  let isSound = true;
  xml.on("error", () => void (isSound = false));
  xml.on("opentag", ({ name }) => {
    const element = new XmlElement(name);
    const parent = open.at(-1);
    if (open.length >= DEPTH_MAX) isSound = false;
    else if (parent) parent.children.push(element);
    else root ??= element;
    open.push(element);
  });
  xml.on("text", (piece) => {
    const element = open.at(-1);
    if (element && element.text.length < TEXT_CHARS_MAX) element.text += piece.slice(0, TEXT_CHARS_MAX);
  });
  xml.on("closetag", () => void open.pop());
  xml.write(text).close();
  return isSound ? root : null;
}
