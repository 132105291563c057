"""The claims ledger: directives that show what the catalogue and the notebooks say, so that no verdict is ever typed.

``{claims-summary}`` counts the verdicts; ``{claims-table} PART`` lists the claims of one part of the lecture.
"""

import json
from collections import Counter
from pathlib import Path

import yaml
from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

from . import claims
from .lab import runnable
from .long import report
from .markup import link, table

FOLDER = "chapters"


def read(srcdir):
    """Return the catalogue and the findings of the book in ``srcdir``, and the files that they come from."""
    folder = Path(srcdir) / FOLDER
    catalogue, stress, notebooks = folder / "claims.yml", folder / "stress.yml", sorted(folder.glob("*.ipynb"))
    entries = claims.read_catalogue(catalogue)
    return entries, claims.read_findings(notebooks, {entry.id for entry in entries}), [catalogue, stress, *notebooks]


def check(app):
    """End the build at once if a claim is malformed, with or without ``-W`` (event ``builder-inited``)."""
    try:
        read(app.srcdir)
    except claims.ClaimError as error:
        raise ExtensionError(str(error)) from error


class _LedgerDirective(SphinxDirective):
    """Reads the claims and makes the page depend on their files."""

    def claims(self):
        entries, findings, files = read(self.env.srcdir)
        for file in files:
            self.env.note_dependency(str(file))
        return entries, findings


class ClaimsSummary(_LedgerDirective):
    """How many claims are settled, and how they came out."""

    def run(self):
        """Return one paragraph."""
        entries, findings = self.claims()
        counts = Counter(finding.verdict for finding in findings.values())
        done = "" if len(findings) == len(entries) else " so far"
        text = f"{len(findings)} of the {len(entries)} claims are settled{done}"
        if findings:
            text += ": " + ", ".join(f"{counts[verdict]} × {verdict}" for verdict in claims.VERDICTS if counts[verdict])
        return [nodes.paragraph("", text + ".", classes=["claims-summary"])]


class ClaimsTable(_LedgerDirective):
    """The claims of one part of the lecture, each with its verdict, its chapter and the cell that asserts it."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self):
        """Return one table."""
        entries, findings = self.claims()
        chosen = [entry for entry in entries if entry.part == self.arguments[0]]
        if not chosen:
            parts = ", ".join(sorted({entry.part for entry in entries}))
            raise self.error(f"unknown part {self.arguments[0]!r}; allowed are {parts}")
        rows = [self.row(entry, findings.get(entry.id)) for entry in chosen]
        return [table(["Claim of the lecture", "Verdict", "Where"], rows, [55, 20, 25], "ledger")]

    def row(self, entry, finding):
        """Return the three cells for one claim, each a list of nodes."""
        number = nodes.strong("", entry.id)
        if finding is None:
            claim = nodes.paragraph("", "", number, nodes.Text(f" {entry.statement}."))
            verdict = nodes.inline("", "not written yet", classes=["verdict", "verdict-open"])
            where = nodes.paragraph("", entry.chapter, classes=["planned"])
            return [claim], [nodes.paragraph("", "", verdict)], [where]
        page = f"{FOLDER}/{finding.notebook}"
        here = self.env.app, self.env.docname, page
        claim = nodes.paragraph("", "", link(*here, finding.label, number), nodes.Text(f" {entry.statement}."))
        remark = self.parse_text_to_nodes(finding.remark) if finding.remark else []
        style = "verdict-" + finding.verdict.replace(" ", "-")
        verdict = nodes.paragraph("", "", nodes.inline("", finding.verdict, classes=["verdict", style]))
        target = {"refdomain": "std", "reftype": "doc", "reftarget": f"/{page}", "refexplicit": False}
        chapter = pending_xref("", nodes.inline("", page), refdoc=self.env.docname, refwarn=True, **target)
        asserts = link(*here, finding.anchor, nodes.inline("", "the cell that asserts it"))
        where = [nodes.paragraph("", "", chapter), nodes.paragraph("", "", asserts)]
        where.append(self.again(finding))
        where.append(nodes.paragraph("", self.stressed(finding), classes=["stressed"]))
        return [claim, *remark], [verdict], where

    def again(self, finding):
        """How the reader checks the claim: in the page if it needs no torch, else by a command."""
        notebook = Path(self.env.srcdir) / FOLDER / f"{finding.notebook}.ipynb"
        if f"assert-{finding.id}" in runnable(notebook):
            here = self.env.app, self.env.docname, f"{FOLDER}/{finding.notebook}"
            return nodes.paragraph("", "", link(*here, finding.anchor, nodes.inline("", "check it in the page")))
        return nodes.paragraph("", "check it: ", nodes.literal("", f"make claim L={finding.id} SEED=3"))

    def stressed(self, finding):
        """On which seeds and knobs the claim's assertion was tried."""
        folder = Path(self.env.srcdir) / FOLDER
        results = yaml.safe_load((folder / "stress.yml").read_text(encoding="utf-8"))
        notebook = json.loads((folder / f"{finding.notebook}.ipynb").read_text(encoding="utf-8"))
        said = claims.stress_report(finding, results, notebook["cells"])
        return ". ".join(filter(None, (said, report(folder / f"{finding.notebook}.ipynb"))))


def setup(app):
    """Connect to Sphinx."""
    app.add_directive("claims-summary", ClaimsSummary)
    app.add_directive("claims-table", ClaimsTable)
    app.connect("builder-inited", check)
