// A growing answer is parsed again with every few words. Cut into blocks, only the last one is.

const DEFINITION = /^ {0,3}\[[^\]]+\]:/; // of a link's address, or a footnote

/**
 * `markdown` cut where one top-level block certainly ends: at a blank line outside of a fence that is followed by a line which
 * neither is indented nor continues a list. Joined they are the whole again. What defines something for the whole is not cut.
 */
export function blocks(markdown: string): string[] {
  const lines = markdown.split("\n");
  const found: string[] = [];
  let current: string[] = [];
  let fence = "";
  let item = 0; // how far what is in the item of a list is indented; 0 outside of lists
  let blank = false;
  for (const line of lines) {
    if (blank && fence === "" && current.some((l) => l.trim() !== "") && begins(line, current)) {
      found.push(current.join("\n") + "\n");
      current = [];
    }
    if (fence === "" && DEFINITION.test(line)) return [markdown];
    if (fence !== "") {
      if (closes(line, fence)) fence = "";
    } else if (line.trim() !== "" && (item === 0 || indent(line) < item)) {
      item = contentOfItem(line);
      fence = FENCE.exec(line)?.[1] ?? "";
    } // else it is in the item, with fences of its own: there is no cut in it, and it ends with whatever is not indented
    current.push(line);
    blank = line.trim() === "";
  }
  found.push(current.join("\n"));
  return found;
}

const FENCE = /^ {0,3}(`{3,}(?=[^`]*$)|~{3,})/; // with a backtick behind backticks it is code within a line

const closes = (line: string, fence: string): boolean => {
  const run = /^ {0,3}(`{3,}|~{3,})\s*$/.exec(line)?.[1] ?? "";
  return run[0] === fence[0] && run.length >= fence.length;
};

const LIST = /^ {0,3}([-*+]|\d{1,9}[.)])(\s|$)/;

function begins(line: string, before: string[]): boolean {
  if (line.trim() === "" || /^( {2,}|\t)/.test(line)) return false;
  return !(LIST.test(line) && before.some((l) => LIST.test(l)));
}

/** Where the content of the list's item begins that begins in this line; 0 when none does. */
function contentOfItem(line: string): number {
  const marker = LIST.exec(line)?.[0].trimEnd();
  if (marker === undefined) return 0;
  const rest = line.slice(marker.length);
  const gap = indent(rest, marker.length);
  return marker.length + (rest.trim() === "" || gap > 4 ? 1 : gap); // more is code in the item
}

/** How many columns of whitespace there are at the start; a tab leads to the next multiple of four. */
function indent(line: string, from = 0): number {
  let column = from;
  for (const char of line) {
    if (char === "\t") column += 4 - (column % 4);
    else if (char === " ") column += 1;
    else break;
  }
  return column - from;
}
