"""Running the programs under test: lines in, lines out; anything but exit code 0 ends the check with its message."""
import json
import shlex
import subprocess


class Failed(Exception):
    """A program ended otherwise than promised."""


class Programs:
    """The programs of one folder."""

    def __init__(self, folder):
        self.folder = folder

    def run(self, *pipeline, data=None):
        """The stdout of a pipeline of argument lists, each stage fed with all that the one before it wrote."""
        for name, *args in pipeline:
            command = [str(self.folder / name), "-q", *map(str, args)]
            done = subprocess.run(command, input=data if data is not None else b"", capture_output=True, check=False)
            if done.returncode != 0:
                raise Failed(f"{shlex.join(command)}: exit {done.returncode}: {done.stderr.decode(errors='replace')[:600]}")
            data = done.stdout
        return data

    def lines(self, *pipeline, data=None):
        """That, as JSON."""
        return [json.loads(line) for line in self.run(*pipeline, data=data).splitlines()]


def shown(*pipeline):
    """The pipeline as one would type it."""
    return " | ".join(shlex.join(map(str, stage)) for stage in pipeline)
