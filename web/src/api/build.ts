// Whether the service has a newer build of this page than the one that runs. The assets that a document names tell one build from
// another: their names are hashes.
import { useQuery } from "@tanstack/react-query";
import { open } from "./http";

const assetsOf = (html: string): string[] => [...html.matchAll(/"(\/assets\/[^"]+)"/g)].map(([, name]) => name as string);

/** Whether `fresh` names anything that `own` does not; `own` may have fetched more meanwhile. */
export function isNewer(fresh: string, own: string): boolean {
  const known = new Set(assetsOf(own));
  return known.size > 0 && assetsOf(fresh).some((name) => !known.has(name));
}

/** Asked like everything when the feed has been away, as after a restart, and when somebody comes back to the page. */
export const useNewerBuild = () =>
  useQuery({
    queryKey: ["build"],
    queryFn: async () => isNewer(await (await open("/")).text(), document.head.innerHTML),
    staleTime: 60_000,
  });
