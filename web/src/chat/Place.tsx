// What a person reads stays in its place when older messages come above it. At the very top no browser sees to that by itself.
import { Component, type ReactNode, type RefObject } from "react";
import type { Message } from "./wire";

interface Props {
  box: RefObject<HTMLElement | null>;
  messages: Message[];
  children: ReactNode;
}

export class Place extends Component<Props> {
  /** How far the place is from the end, when something comes above it. */
  override getSnapshotBeforeUpdate(before: Props): number | null {
    const first = before.messages[0]?.id;
    const box = this.props.box.current;
    const isKept = this.props.messages.findIndex(({ id }) => id === first) > 0;
    return isKept && box ? box.scrollHeight - box.scrollTop : null;
  }

  override componentDidUpdate(_before: Props, _state: unknown, fromEnd: number | null): void {
    const box = this.props.box.current;
    if (fromEnd !== null && box) box.scrollTop = box.scrollHeight - fromEnd;
  }

  override render() {
    return this.props.children;
  }
}
