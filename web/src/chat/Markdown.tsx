// Markdown, as GitHub writes it, in a chunk of its own; the highlighter is another one that only code asks for.
import { Children, type ComponentProps, type ReactNode, memo, useEffect, useId, useState } from "react";
import ReactMarkdown from "react-markdown";
import remarkGfm from "remark-gfm";
import { TEXTS, say } from "../texts";
import { Icon } from "../ui/Icon";
import { CopyButton } from "./CopyButton";
import { blocks } from "./blocks";

const T = TEXTS.chat;
type Plugins = NonNullable<ComponentProps<typeof ReactMarkdown>["rehypePlugins"]>;
let highlighter: Plugins | null = null;

function useHighlighter(wanted: boolean): Plugins {
  const [plugins, setPlugins] = useState<Plugins>(highlighter ?? []);
  useEffect(() => {
    if (!wanted || plugins.length > 0) return;
    let mounted = true;
    import("rehype-highlight").then(
      (module) => {
        highlighter = [[module.default, { detect: false, ignoreMissing: true }]];
        if (mounted) setPlugins(highlighter);
      },
      () => undefined, // code without colours is code all the same
    );
    return () => {
      mounted = false;
    };
  }, [wanted, plugins]);
  return plugins;
}

/** Of an answer that grows, the texts before a tool call do not. */
export default memo(Markdown);

function Markdown({ text, growing }: { text: string; growing: boolean }) {
  const plugins = useHighlighter(/(^|\s)(```|~~~)\S/.test(text));
  const id = useId();
  return (
    <div className={growing ? "prose growing" : "prose"} dir="auto">
      {blocks(text).map((block, index) => (
        // Blocks only grow at the end, so their place is their identity.
        <Block key={index} id={id} text={block} plugins={plugins} />
      ))}
    </div>
  );
}

/** `id` tells the footnotes of one text from those of another. */
const Block = memo(({ id, text, plugins }: { id: string; text: string; plugins: Plugins }) => (
  <ReactMarkdown
    remarkPlugins={[remarkGfm]}
    remarkRehypeOptions={{ clobberPrefix: `${id}-`, footnoteBackLabel: (index) => say(T.footnoteBack, { n: index + 1 }) }}
    rehypePlugins={plugins}
    components={COMPONENTS}
  >
    {text}
  </ReactMarkdown>
));

const isEmpty = (children: ReactNode): boolean =>
  Children.toArray(children).every((child) => typeof child === "string" && child.trim() === "");

/** A footnote, or the way back from it, is on this page; all else is not. What has no address, or lost one that runs, is no link. */
const Link = ({ href, id, children, "aria-label": label }: ComponentProps<"a">) => {
  if (!href) return children;
  const place = href.startsWith("#") ? {} : { target: "_blank", rel: "noreferrer noopener" };
  return (
    <a href={href} id={id} aria-label={label} {...place}>
      {isEmpty(children) ? href : children}
    </a>
  );
};

/** No landmark, nor is a table: there may be one in each answer, and nothing tells it from the others. */
const Footnotes = ({ children }: ComponentProps<"section">) => (
  <div className="footnotes" role="group" aria-label={T.footnotes}>
    {children}
  </div>
);

/**
 * Of any depth, below the heading of the chat: what a model begins with, or leaves out, would tear holes into the page's outline.
 * But for the one above footnotes: it says what the group is called, and would be there in each text under the same id.
 */
const Heading = ({ id, children }: ComponentProps<"h3">) => (id === undefined ? <h3>{children}</h3> : null);

/** What is to be done in a list, and what is: a mark, not a box that nobody can tick. */
const Mark = ({ checked }: ComponentProps<"input">) => (
  <span className="mark" role="img" aria-label={checked ? T.ticked : T.unticked}>
    <Icon name={checked ? "ticked" : "unticked"} />
  </span>
);

/** The page loads nothing from other hosts, images included: a model's image is a link to it. */
const Image = ({ src, alt }: ComponentProps<"img">) => <Link href={typeof src === "string" ? src : ""}>{alt || src}</Link>;

const Table = ({ children }: ComponentProps<"table">) => (
  // What scrolls sideways must be reachable by keyboard.
  <div className="scrolls" tabIndex={0} role="group" aria-label={T.table}>
    <table>{children}</table>
  </div>
);

/** One that names nothing is no header. */
const HeaderCell = ({ children, style }: ComponentProps<"th">) =>
  isEmpty(children) ? <td style={style} /> : <th style={style}>{children}</th>;

function Code({ children }: ComponentProps<"pre">) {
  const [box, setBox] = useState<HTMLPreElement | null>(null);
  return (
    <div className="code" dir="ltr">
      <CopyButton textOf={() => box?.textContent ?? ""} />
      {/* What scrolls sideways must be reachable by keyboard. */}
      <pre ref={setBox} tabIndex={0}>
        {children}
      </pre>
    </div>
  );
}

const HEADINGS = { h1: Heading, h2: Heading, h3: Heading, h4: Heading, h5: Heading, h6: Heading };
const COMPONENTS = { ...HEADINGS, a: Link, pre: Code, table: Table, th: HeaderCell, img: Image, section: Footnotes, input: Mark };
