// Markdown, as GitHub writes it, in a chunk of its own; the highlighter is another one that only code asks for.
import { type ComponentProps, memo, useEffect, useId, useState } from "react";
import ReactMarkdown from "react-markdown";
import remarkGfm from "remark-gfm";
import { TEXTS, say } from "../texts";
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
    <div className={growing ? "prose growing" : "prose"}>
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
    components={{ a: Link, pre: Code, table: Table, img: Image, section: Footnotes, h2: Heading }}
  >
    {text}
  </ReactMarkdown>
));

/** A footnote, or the way back from it, is on this page; all else is not. */
const Link = ({ href, id, children, "aria-label": label }: ComponentProps<"a">) => {
  const place = href?.startsWith("#") ? {} : { target: "_blank", rel: "noreferrer noopener" };
  return (
    <a href={href} id={id} aria-label={label} {...place}>
      {children}
    </a>
  );
};

const Footnotes = ({ children }: ComponentProps<"section">) => (
  <section className="footnotes" aria-label={T.footnotes}>
    {children}
  </section>
);

/** But for the one above footnotes: it says what the section is called, and would be there in each text under the same id. */
const Heading = ({ id, children }: ComponentProps<"h2">) => (id === undefined ? <h2>{children}</h2> : null);

/** The page loads nothing from other hosts, images included: a model's image is a link to it. */
const Image = ({ src, alt }: ComponentProps<"img">) => <Link href={typeof src === "string" ? src : ""}>{alt || String(src)}</Link>;

const Table = ({ children }: ComponentProps<"table">) => (
  // What scrolls sideways must be reachable by keyboard.
  <div className="scrolls" tabIndex={0} role="region" aria-label={T.table}>
    <table>{children}</table>
  </div>
);

function Code({ children }: ComponentProps<"pre">) {
  const [box, setBox] = useState<HTMLPreElement | null>(null);
  return (
    <div className="code">
      <CopyButton textOf={() => box?.textContent ?? ""} />
      {/* What scrolls sideways must be reachable by keyboard. */}
      <pre ref={setBox} tabIndex={0}>
        {children}
      </pre>
    </div>
  );
}
