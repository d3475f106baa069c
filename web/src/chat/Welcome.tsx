// What a person sees who has never said anything.
import { TEXTS } from "../texts";

const T = TEXTS.chat;

export const Welcome = ({ onExample }: { onExample: (text: string) => void }) => (
  <div className="welcome">
    <h2>{T.title}</h2>
    <p>{T.lead}</p>
    <ul>
      {T.examples.map((example) => (
        <li key={example}>
          <button type="button" onClick={() => onExample(example)}>
            {example}
          </button>
        </li>
      ))}
    </ul>
  </div>
);
