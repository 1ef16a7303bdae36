"""`biotheca keygen` and `biotheca decrypt`: files that the archive keeps encrypted (Crypt4GH)."""

from __future__ import annotations

import os
from pathlib import Path

import click

from biotheca_client import words
from biotheca_client.commands.common import Context, as_json, command
from biotheca_client.errors import WrongUse
from biotheca_client.output import Output

_STDIO = "-"


@command("keygen")
@click.argument("name", metavar="NAME", type=click.Path(path_type=Path))
@click.option("--no-passphrase", is_flag=True, help="Leave the private key unlocked.")
@as_json
def keygen(context: Context, name: Path, no_passphrase: bool, as_json: bool) -> None:
    """Make a pair of keys: NAME.sec, which you keep, and NAME.pub, which the archive may know.

    The private key is locked by a passphrase, which is asked for, or taken from C4GH_PASSPHRASE. Whoever loses key or
    passphrase cannot read what was encrypted for it; the archive can encrypt for a new one.

    \b
    Example:
      biotheca keygen my-key
    """
    from biotheca_client import sealed

    phrase = None
    if not no_passphrase:
        phrase = os.environ.get(sealed.PASSPHRASE) or click.prompt(
            "Passphrase", hide_input=True, confirmation_prompt=True, err=True
        )
    private, public = sealed.keygen(name, phrase)
    out = Output(as_json)
    out.result(
        {"private": str(private), "public": str(public), "locked": phrase is not None},
        lambda: out.say(f"Keep {private}. Register {public} with the archive."),
    )


@command("decrypt")
@click.argument("file", metavar="FILE", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@click.option("--key", required=True, metavar="KEYFILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--header",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The header, if it was fetched apart from the body.",
)
@click.option("-o", "--output", metavar="OUT", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path))
@click.option("--force", is_flag=True, help="Replace OUT if it is there.")
@as_json
def decrypt(
    context: Context, file: Path, key: Path, header: Path | None, output: Path | None, force: bool, as_json: bool
) -> None:
    """Decrypt a Crypt4GH file with your private key. FILE may be - (stdin).

    OUT is FILE without .c4gh, or - (stdout), where everything that comes out is proved, too, but may end early: look at
    the exit code. A file that was changed, cut short or put together wrongly leaves no OUT behind.

    \b
    Example:
      biotheca decrypt reads.bam.c4gh --key my-key.sec
      biotheca decrypt body --header header --key my-key.sec -o - | samtools view -c -
    """
    from biotheca_client import sealed

    if header and str(header) == _STDIO:
        raise WrongUse("The header is a file.", "Save it first, or send header and body together to standard input.")
    if output is None:
        output = Path(_STDIO) if str(file) == _STDIO else sealed.plain_name(file)
    found = sealed.locked_key(key)
    phrase = None
    if found.locked:
        phrase = os.environ.get(sealed.PASSPHRASE) or click.prompt(f"Passphrase of {key}", hide_input=True, err=True)
    private = sealed.unlocked(found, phrase, key)
    target = None if str(output) == _STDIO else output
    sources = [*([header] if header else []), file]
    out = Output(as_json)
    size = None if str(file) == _STDIO else sum(path.stat().st_size for path in sources)
    with out.progress() as progress:
        done = sealed.decrypt(sources, private, target, force, progress.start(file.name, size))
    if target:
        out.result({"file": str(target), "size_bytes": done}, lambda: out.say(f"{target}: {words.size(done)}"))


@command("register-key")
@click.argument("file", metavar="FILE.pub", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@as_json
def register_key(context: Context, file: Path, as_json: bool) -> None:
    """Register your public key with the archive: encrypted files are handed out for it from now on.

    \b
    Example:
      biotheca register-key my-key.pub
    """
    text = file.read_text(encoding="utf-8", errors="replace")[:10_000]
    told = context.client().session.call("PUT", "/v1/me/public-key", {"public_key": text})
    out = Output(as_json)
    out.result(told, lambda: out.say(f"Registered: {told['key_id']}. Keep the private key that belongs to it."))


COMMANDS = (keygen, register_key, decrypt)
