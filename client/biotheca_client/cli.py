"""The command line: `biotheca`. Thin; what commands do stands in client, what they say in commands."""

from __future__ import annotations

import os
import sys

import click

from biotheca_client.commands.common import Context
from biotheca_client.errors import ClientFault, Stopped
from biotheca_client.lazily import LazyGroup
from biotheca_client.output import Output

INTERRUPTED = 130

MODULES = {
    "account": ("login", "logout", "whoami", "version"),
    "people": ("register", "confirm", "tokens", "groups", "notices"),
    "deposit": ("template", "check", "submit", "upload", "status", "workbook"),
    "quality": ("qc",),
    "sealed": ("keygen", "register-key", "decrypt"),
    "imaging": ("deidentify", "collection-key"),
    "images": ("images", "pictures", "blank", "same-person"),
    "desk": (
        *("queue", "next", "desk", "assign", "unassign", "prioritise", "judge", "note", "decide", "reasons"),
        *("figures", "corrections", "decide-correction"),
    ),
    "record": (
        *("records", "release", "append", "reception", "reviewer-link", "correct", "versions", "difference"),
        *("publications", "cite", "certificate", "listing"),
    ),
    "committees": ("committees",),
    "asking": ("requests",),
    "granting": ("grants",),
    "archive": ("search", "show", "download", "rules"),
    "query": ("query",),
    "mirror": ("mirror",),
    "mirrored": ("sequences",),
}


@click.group(
    cls=LazyGroup,
    package="biotheca_client.commands",
    modules=MODULES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option("--server", metavar="URL", help="The archive; else BIOTHECA_SERVER, else the last one signed in to.")
@click.pass_context
def biotheca(context: click.Context, server: str | None) -> None:
    """Deposit in a Biotheca archive, follow what happens, find and fetch what is public.

    \b
    Example:
      biotheca login
      biotheca submit my-reads --wait
      biotheca search rice drought
      biotheca download CRA000001 --to data

    \b
    Exit codes:
      0  done                         3  not found
      1  the archive refused          4  not signed in
      2  wrong use of the command     5  network or archive not available
      130  interrupted; run the same command again to go on
    """
    context.obj = Context(server)


def run(words: list[str]) -> int:
    """The exit code of one command line of `biotheca`."""
    return run_with(biotheca, words, "biotheca")


def run_with(group: click.Group, words: list[str], name: str) -> int:
    """The exit code of one command line: every fault becomes one paragraph; a traceback only with BIOTHECA_DEBUG=1."""
    try:
        code = group.main(words, prog_name=name, standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0  # click hands an Exit back as its code
    except ClientFault as fault:
        _trace_if_asked()
        Output(as_json="--json" in words).fault(fault)
        return fault.exit_code
    except click.ClickException as wrong:
        wrong.show()
        return wrong.exit_code
    except (KeyboardInterrupt, click.Abort, Stopped):
        click.echo("Interrupted. Nothing is lost: run the same command again and it goes on from here.", err=True)
        return INTERRUPTED
    except BrokenPipeError:  # `biotheca search ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as fault:
        _trace_if_asked()
        where = f" {fault.filename}" if fault.filename else ""
        reason = fault.strerror or str(fault)
        click.echo(f"This computer refused{where}: {reason}. Mend that and run the command again.", err=True)
        return 1
    except Exception as fault:
        _trace_if_asked()
        click.echo(
            f"The client itself failed ({type(fault).__name__}); that is its fault, not yours. Nothing is lost. "
            "Run again with BIOTHECA_DEBUG=1 and send what it prints to the help desk.",
            err=True,
        )
        return 1


def main() -> None:
    """Entry point. It ends at once: threads that wait for a slow line must not hold the person up."""
    code = run(sys.argv[1:])
    sys.stderr.flush()
    os._exit(code)


def _trace_if_asked() -> None:
    if os.environ.get("BIOTHECA_DEBUG") == "1":
        import traceback

        traceback.print_exc()


if __name__ == "__main__":
    main()
