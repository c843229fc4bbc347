import { mkdirSync, readFileSync, statfsSync } from "node:fs";
import { isLeftBehind, ownerName, thisOwner } from "./owner.ts";
import { run, runIfPossible } from "./shell.ts";

const SIZE = "4g";

/** A file system of its own in memory, that can be made full at any moment and get its space back. */
export class SmallDisk implements Disposable {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
    mkdirSync(path, { recursive: true });
    run("mount", "-t", "tmpfs", "-o", `size=${SIZE},mode=0700`, ownerName(thisOwner()), path);
  }

  /** From now on nothing more can be written than `leftBytes`; what is there stays. */
  fill(leftBytes: number): void {
    // The system refuses a size below what is in use, and others write meanwhile.
    for (let tries = 1; ; tries += 1) {
      const { blocks, bfree, bsize } = statfsSync(this.path);
      const size = (blocks - bfree) * bsize + leftBytes;
      try {
        run("mount", "-o", `remount,size=${Math.max(size, bsize)}`, this.path);
        return;
      } catch (cause) {
        if (tries === 50) throw cause;
      }
    }
  }

  empty(): void {
    run("mount", "-o", `remount,size=${SIZE}`, this.path);
  }

  [Symbol.dispose](): void {
    runIfPossible("umount", "--lazy", this.path);
  }
}

/** Unmounts what an earlier process did not live to unmount. */
export function unmountLeftBehind(): void {
  for (const line of readFileSync("/proc/mounts", "utf8").split("\n")) {
    const [source = "", path = ""] = line.split(" ");
    if (isLeftBehind(source)) runIfPossible("umount", "--lazy", path);
  }
}
