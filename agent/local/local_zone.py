"""The name of this machine's time zone, which Python does not tell."""

from pathlib import Path
from zoneinfo import available_timezones

_LINK = Path("/etc/localtime")
_NAME = Path("/etc/timezone")
_UTC = "UTC"


def local_zone(setting: str, link: Path = _LINK, name_file: Path = _NAME) -> str:
    """An IANA name: from ``setting`` (TZ), the link to the zone's file, or the file with its name; UTC when none tells."""
    candidates = [setting]
    if link.is_symlink():
        candidates.append(str(link.resolve()).rpartition("zoneinfo/")[2])
    if name_file.is_file():
        candidates.append(name_file.read_text().strip())
    found = next((name for name in candidates if _is_zone(name)), _UTC)
    return _UTC if found == f"Etc/{_UTC}" else found


def _is_zone(name: str) -> bool:
    """As the service sees it: a name that other machines know too."""
    return name in available_timezones() and name != "localtime"
