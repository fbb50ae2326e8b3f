"""A function's share of a processor, as Lambda gives it: a whole core until it asks for its first event, and from then on
memory/1769 of one, in slices of 20 ms. It is the quota of a cgroup, of version 1 or 2."""

import uuid
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
PERIOD_US = 20_000
# The memory that buys a whole core.
CORE_MB = 1769


class CannotShare(Exception):
    """This machine does not let us make cgroups."""


class Share:
    """A group for one function."""

    def __init__(self, memory):
        self.memory = memory
        self._v2 = (ROOT / "cgroup.controllers").exists()
        try:
            if self._v2:
                control = ROOT / "cgroup.subtree_control"
                if "cpu" not in control.read_text().split():
                    control.write_text("+cpu")
            self._folder = (ROOT if self._v2 else ROOT / "cpu") / f"linkspan-bench-{uuid.uuid4().hex}"
            self._folder.mkdir()
            self._quota(PERIOD_US)
            # Up to its quota it goes before whatever else runs on this machine.
            name, most = ("cpu.weight", 10_000) if self._v2 else ("cpu.shares", 262_144)
            (self._folder / name).write_text(str(most))
        except OSError as error:
            raise CannotShare(
                f"A cgroup could not be made: {error}. Shares of a processor need root, and a writable {ROOT} with the "
                "controller cpu: in a container, run it with --privileged and --cgroupns=host."
            ) from error
        # Whoever writes its number here is a member, and so is what it becomes or starts.
        self.members = self._folder / "cgroup.procs"

    def limit(self):
        """From now on it gets no more than its memory buys."""
        self._quota(max(1000, round(PERIOD_US * min(1, self.memory / CORE_MB))))

    def has(self, pid):
        return str(pid) in self.members.read_text().split()

    def remove(self):
        """After the last member has ended."""
        self._folder.rmdir()

    def _quota(self, microseconds):
        if self._v2:
            (self._folder / "cpu.max").write_text(f"{microseconds} {PERIOD_US}")
        else:
            (self._folder / "cpu.cfs_period_us").write_text(str(PERIOD_US))
            (self._folder / "cpu.cfs_quota_us").write_text(str(microseconds))


# A shell that joins the group, waits until it is told to go on, and becomes the function.
_JOINED = 'echo $$ > "$0" && read -r go && exec "$@" < /dev/null'


def joined(command, share):
    """The command of a process that is in the group before it becomes `command`. It waits for a line."""
    return ["/bin/sh", "-c", _JOINED, str(share.members), *command]


def waits(pid):
    """Whether a process sleeps, as a shell does that waits for a line."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        return stat.read().rsplit(")", 1)[1].split()[0] == "S"


def available():
    """Fails with what is missing, unless shares can be had."""
    Share(CORE_MB).remove()
