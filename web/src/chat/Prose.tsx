// Text of the model: plain until the markdown reader has arrived, and whenever it cannot be had.
import { Component, type ReactNode, Suspense, lazy } from "react";

const Markdown = lazy(() => import("./Markdown"));

/** Fetches the markdown reader before it is needed. */
export const preloadProse = () => void import("./Markdown").catch(() => undefined);

export function Prose({ text, growing }: { text: string; growing: boolean }) {
  const plain = (
    <div className="prose plain" dir="auto">
      {text}
    </div>
  );
  return (
    <PlainOnError plain={plain}>
      <Suspense fallback={plain}>
        <Markdown text={text} growing={growing} />
      </Suspense>
    </PlainOnError>
  );
}

class PlainOnError extends Component<{ plain: ReactNode; children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  override render() {
    return this.state.failed ? this.props.plain : this.props.children;
  }
}
