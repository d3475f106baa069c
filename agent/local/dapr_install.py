"""Finds the Dapr runtime or builds it: what ``dapr install`` and ``up`` have in common."""

from agent.local import environment
from agent.local.dapr_binaries import DaprBinaries, Places, find
from agent.local.dapr_build import BuildFailed, build
from agent.local.progress import Progress


def ensure_dapr(progress: Progress) -> DaprBinaries:
    """The runtime to use. Raises BadSetting, BuildFailed."""
    places = Places.usual(environment.dapr_bin())
    found = find(places)
    if found is None:
        progress.say("No Dapr runtime found in ~/.dapr/bin or in the cache: building one.")
        build(places.cache, environment.inherited(), progress)
        found = find(places)
    if found is None:
        raise BuildFailed(f"Dapr was built in {places.cache}, but its daprd does not run.")
    if found.warning:
        progress.say(found.warning, "yellow")
    return found
