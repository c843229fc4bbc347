import { constants } from "node:fs";
import { open, realpath, type FileHandle } from "node:fs/promises";
import { sep } from "node:path";

/**
 * Opens a file that a job has made, for reading. A job in a container can name
 * files of this machine by links, and block or flood whoever reads a pipe or a
 * device: refused is what is not an ordinary file or is reached through a link
 * out of `folder`. Null when there is no such file.
 */
export async function openOwnFile(path: string, folder: string): Promise<FileHandle | null> {
  let real: string;
  try {
    real = await realpath(path);
  } catch {
    return null;
  }
  await assertInside(real, folder, path);
  // Without waiting for the other end of a pipe.
  const file = await open(real, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    if (!(await file.stat()).isFile()) throw new Error(`${path} is not an ordinary file`);
  } catch (cause) {
    await file.close();
    throw cause;
  }
  return file;
}

/** Reads a text file that a job has made, as `openOwnFile` opens it; one that is larger than the limit is refused. */
export async function readOwnFile(path: string, folder: string, bytesMax: number): Promise<string | null> {
  const file = await openOwnFile(path, folder);
  if (!file) return null;
  try {
    if ((await file.stat()).size > bytesMax) throw new Error(`${path} has more than ${bytesMax} bytes`);
    return await file.readFile("utf8");
  } finally {
    await file.close();
  }
}

/** Writes a file that must not be there yet, into a folder that a job has made; links out of `folder` are refused. */
export async function writeOwnFile(path: string, folder: string, text: string, mode = 0o644): Promise<void> {
  const parent = path.slice(0, path.lastIndexOf(sep));
  await assertInside(await realpath(parent), folder, path);
  // Exclusive creation does not follow a link.
  const file = await open(path, "wx", mode);
  try {
    await file.writeFile(text);
    await file.chmod(mode);
  } finally {
    await file.close();
  }
}

async function assertInside(real: string, folder: string, path: string): Promise<void> {
  if (!`${real}${sep}`.startsWith(`${await realpath(folder)}${sep}`)) {
    throw new Error(`${path} is a link to outside its folder`);
  }
}
