"""Write a run as lm-eval, Every Eval Ever, model-index, Parquet or CSV files."""

from __future__ import annotations

import click

from phi4eval.cli.console import printable, show, show_json, tell
from phi4eval.cli.shared.options import Session, common, pass_session, results_option

FORMATS = ("lm-eval", "every-eval-ever", "model-index", "parquet", "csv")


@click.command()
@click.argument("run")
@click.option("--format", type=click.Choice(FORMATS), required=True, help="What to write.")
@click.option("--out", metavar="DIR", required=True, help="Where to write it.")
@click.option("--developer", metavar="NAME", help="Who made the model, where its name does not say.")
@click.option(
    "--with-texts", is_flag=True, help="Also the items of tasks whose authors ask not to put them online."
)
@results_option
@common
@pass_session
def command(
    session: Session,
    *,
    run: str,
    format: str,
    out: str,
    developer: str | None,
    with_texts: bool,
    results: str,
) -> None:
    """Write RUN (path, id or a part of it) in another tool's format.

    lm-eval: results and samples as its --output_path has them. every-eval-ever: aggregate and sample records
    of that schema. model-index: the block of a Hugging Face model card. parquet, csv: one row a sample.
    """
    from phi4eval.interop.exchange import export_run
    from phi4eval.store import find_run, load_run

    path = find_run(run, results)
    files = export_run(path, format=format, out=out, with_texts=with_texts, developer=developer)
    if session.json:
        show_json("export", {"run": str(path), "format": format, "files": [str(file) for file in files]})
        return
    show([printable(file) for file in files])
    private = sorted(m.task.name for m in load_run(path).manifest.tasks if m.task.publish != "full")
    if private:
        names = ", ".join(map(printable, private))
        tell(
            f"note: the authors of {names} ask that items are not put online; these files hold their texts"
            if with_texts
            else f"the texts of {names} were left out; --with-texts adds them, for your own use"
        )
