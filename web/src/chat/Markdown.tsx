// Markdown, as GitHub writes it, in a chunk of its own; the highlighter is another one that only code asks for.
import { type ComponentProps, memo, useEffect, useState } from "react";
import ReactMarkdown from "react-markdown";
import remarkGfm from "remark-gfm";
import { TEXTS } from "../texts";
import { blocks } from "./blocks";

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

export default function Markdown({ text, growing }: { text: string; growing: boolean }) {
  const plugins = useHighlighter(/^ {0,3}(```|~~~)\S/m.test(text));
  return (
    <div className={growing ? "prose growing" : "prose"}>
      {blocks(text).map((block, index) => (
        // Blocks only grow at the end, so their place is their identity.
        <Block key={index} text={block} plugins={plugins} />
      ))}
    </div>
  );
}

const Block = memo(({ text, plugins }: { text: string; plugins: Plugins }) => (
  <ReactMarkdown remarkPlugins={[remarkGfm]} rehypePlugins={plugins} components={{ a: Link, pre: Code, table: Table, img: Image }}>
    {text}
  </ReactMarkdown>
));

const Link = ({ href, children }: ComponentProps<"a">) => (
  <a href={href} target="_blank" rel="noreferrer noopener">
    {children}
  </a>
);

/** The page loads nothing from other hosts, images included: a model's image is a link to it. */
const Image = ({ src, alt }: ComponentProps<"img">) => <Link href={typeof src === "string" ? src : ""}>{alt || String(src)}</Link>;

const Table = ({ children }: ComponentProps<"table">) => (
  // What scrolls sideways must be reachable by keyboard.
  <div className="scrolls" tabIndex={0} role="region" aria-label={TEXTS.chat.table}>
    <table>{children}</table>
  </div>
);

function Code({ children }: ComponentProps<"pre">) {
  const [copied, setCopied] = useState(false);
  const [box, setBox] = useState<HTMLPreElement | null>(null);
  const copy = async () => {
    await navigator.clipboard.writeText(box?.textContent ?? "");
    setCopied(true);
  };
  return (
    <div className="code">
      <button type="button" className="quiet" onClick={copy} onBlur={() => setCopied(false)}>
        {copied ? TEXTS.chat.copied : TEXTS.chat.copy}
      </button>
      {/* What scrolls sideways must be reachable by keyboard. */}
      <pre ref={setBox} tabIndex={0}>
        {children}
      </pre>
    </div>
  );
}
