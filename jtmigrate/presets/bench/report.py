"""A benchmark as a folder of files."""

from pathlib import Path

from jtmigrate.bench.document import to_json, to_markdown
from jtmigrate.bench.result import BenchResult
from jtmigrate.files import write_text
from jtmigrate.presets.bench.pictures import bars, speeds
from nanodet_common.files import write_bytes


def write_report(folder: Path, result: BenchResult) -> list[Path]:
    """Write result.json, README.md and a picture for everything that was measured in rounds; returns their paths."""
    pictures = {f"{what}.png": bars(result, what) for what in dict.fromkeys(one.case.what for one in result.cases)}
    if any(list(one.comparisons(*result.families)) for one in result.cases):
        pictures["speed.png"] = speeds(result)
    seen = "\n".join(f"![{name.removesuffix('.png')}]({name})\n" for name in pictures)
    for name, content in pictures.items():
        write_bytes(folder / name, content)
    write_text(folder / "result.json", to_json(result))
    write_text(folder / "README.md", to_markdown(result) + (f"\n{seen}" if seen else ""))
    return [folder / name for name in ("result.json", "README.md", *pictures)]
