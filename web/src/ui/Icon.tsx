// The few icons there are, drawn here: a font or a sprite would be another request.
const PATHS = {
  check: "M4 12.5l5 5L20 6.5",
  cross: "M6 6l12 12M18 6L6 18",
  undo: "M9 14L4 9l5-5M4 9h10a6 6 0 0 1 0 12h-3",
  dot: "M12 12h.01",
  send: "M12 19V5M5.5 11.5L12 5l6.5 6.5",
  stop: "M7 7h10v10H7z",
  again: "M20 11a8 8 0 1 0-2.3 6.3M20 5v6h-6",
  back: "M15 5l-7 7 7 7",
  down: "M12 5v14M5.5 12.5L12 19l6.5-6.5",
  alert: "M12 8v5M12 16.5h.01M12 3l9.5 17h-19z",
  ticked: "M4 4h16v16H4zM8 12.5l3 3 5-6.5",
  unticked: "M4 4h16v16H4z",
  skip: "M6 12h12",
} as const;

export type IconName = keyof typeof PATHS;

export const Icon = ({ name }: { name: IconName }) => (
  <svg className="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
    <path d={PATHS[name]} />
  </svg>
);
