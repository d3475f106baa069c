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
  let blank = false;
  for (const line of lines) {
    const mark = /^ {0,3}(`{3,}|~{3,})(.*)$/.exec(line);
    if (blank && fence === "" && current.some((l) => l.trim() !== "") && begins(line, current)) {
      found.push(current.join("\n") + "\n");
      current = [];
    }
    if (fence === "" && DEFINITION.test(line)) return [markdown];
    if (mark && fence === "") fence = mark[1] as string;
    else if (mark && closes(mark, fence)) fence = "";
    current.push(line);
    blank = line.trim() === "";
  }
  found.push(current.join("\n"));
  return found;
}

const LIST = /^ {0,3}([-*+]|\d{1,9}[.)])(\s|$)/;

function begins(line: string, before: string[]): boolean {
  if (line.trim() === "" || /^( {2,}|\t)/.test(line)) return false;
  return !(LIST.test(line) && before.some((l) => LIST.test(l)));
}

const closes = (mark: RegExpExecArray, fence: string): boolean => {
  const run = mark[1] as string;
  return run[0] === fence[0] && run.length >= fence.length && (mark[2] as string).trim() === "";
};
