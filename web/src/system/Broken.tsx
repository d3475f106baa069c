// The last resort: an error of the page itself is said, instead of a white screen.
import { Component, type ReactNode } from "react";
import { TEXTS } from "../texts";

const T = TEXTS.system;

export class Broken extends Component<{ children: ReactNode }, { error: Error | null }> {
  override state: { error: Error | null } = { error: null };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override render() {
    if (!this.state.error) return this.props.children;
    return (
      <main className="broken" role="alert">
        <h1>{T.broken}</h1>
        <pre>{this.state.error.message}</pre>
        <button type="button" onClick={() => location.reload()}>
          {T.reload}
        </button>
      </main>
    );
  }
}
