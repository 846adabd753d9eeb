"""Draws the saved benchmarks. The same figures give the same files."""

import json
import os
from pathlib import Path

os.environ["MPLCONFIGDIR"] = str(Path(".tools/matplotlib/config").absolute())

import matplotlib

matplotlib.use("Agg")
matplotlib.rcParams.update({
    "svg.hashsalt": "microbpf",
    # Letters as outlines: the picture is the same wherever it is looked at.
    "svg.fonttype": "path",
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "grid.color": "#dddddd",
    "axes.axisbelow": True,
    "legend.frameon": False,
    "figure.dpi": 100,
})

import matplotlib.pyplot as plot

PICTURES = Path("docs/pictures")
REPORT = json.loads(Path("Benchmarks/results/latest.json").read_text())
PEERS = {peer["id"]: peer for peer in json.loads(Path("Benchmarks/peers.json").read_text())["engines"]}
RECORDS = {(record["kernel"], record["engine"]): record for record in REPORT["records"]}
KERNELS = [record["kernel"] for record in REPORT["records"] if record["engine"] == "native"]

# Ours in blues, others in warm colours; each has its own marker, so that nobody needs the colours.
ENGINES = [
    ("native", "native, gcc -O2", "#222222", "o"),
    ("jit-hardware", "compiled, hardware", "#08519c", "s"),
    ("jit-checked", "compiled, checked", "#4292c6", "D"),
    ("interpreter", "interpreter", "#9ecae1", "^"),
]
OTHERS = [
    ("rbpf-jit", "earlier JIT", "#a63603", "s"),
    ("wasm3", "wasm3", "#e6550d", "v"),
    ("femto-containers", "Femto-Containers", "#fd8d3c", "^"),
    ("rbpf", "earlier interpreter", "#fdbe85", "<"),
    ("ubpf", "uBPF", "#c9a227", ">"),
]


def counts(kernel):
    """Whether the kernel is part of the means: of Fletcher-16's lengths one is."""
    return kernel != "noop" and (not kernel.startswith("fletcher16_") or kernel == "fletcher16_640")


def save(figure, name):
    figure.tight_layout()
    figure.savefig(PICTURES / f"{name}.svg", metadata={"Date": None, "Creator": None})
    figure.savefig(PICTURES / f"{name}.png", metadata={"Software": None}, dpi=120)
    plot.close(figure)


def ratios():
    kernels = [kernel for kernel in KERNELS if counts(kernel)]
    figure, axes = plot.subplots(figsize=(12, 5))
    series = [(label, color, [RECORDS[kernel, engine]["ratio"] for kernel in kernels])
              for engine, label, color, _ in ENGINES[1:]]
    for engine, label, color, _ in OTHERS:
        found = PEERS[engine]["instructions"]
        series.append((label, color, [
            found[kernel] / RECORDS[kernel, "native"]["instructions"] if kernel in found else None
            for kernel in kernels]))
    width = 0.86 / len(series)
    for number, (label, color, heights) in enumerate(series):
        places = [index + (number - (len(series) - 1) / 2) * width for index in range(len(kernels))]
        drawn = [(place, height) for place, height in zip(places, heights) if height is not None]
        axes.bar([place for place, _ in drawn], [height for _, height in drawn], width, label=label, color=color)
    axes.axhline(1, color=ENGINES[0][2], linewidth=1)
    axes.set_yscale("log")
    axes.set_yticks([0.5, 1, 2, 5, 10, 20, 50, 100], ["½", "1", "2", "5", "10", "20", "50", "100"])
    axes.minorticks_off()
    axes.set_ylabel("times native code (instructions)")
    axes.set_xticks(range(len(kernels)), kernels, rotation=30, ha="right")
    axes.set_xlim(-0.6, len(kernels) - 0.4)
    axes.set_title("One run of each kernel, native = 1; no bar: refused, or a wrong result", loc="left")
    axes.legend(ncols=4, loc="upper center", bbox_to_anchor=(0.5, -0.22))
    save(figure, "ratios")


def fletcher16():
    lengths = [(int(kernel[11:]), kernel) for kernel in KERNELS
               if kernel.startswith("fletcher16_") and kernel[11:].isdigit()]
    figure, axes = plot.subplots(figsize=(9, 5.5))
    for engine, label, color, marker in ENGINES:
        # Native code lies under what is compiled for the memory protection: both are to be seen.
        style = {"linestyle": ":", "markerfacecolor": "none", "markersize": 10} if engine == "native" else {}
        axes.plot([length for length, _ in lengths],
                  [RECORDS[kernel, engine]["instructions"] for _, kernel in lengths],
                  label=label, color=color, marker=marker, **style)
    for engine, label, color, marker in OTHERS:
        axes.plot([length for length, _ in lengths],
                  [PEERS[engine]["instructions"][kernel] for _, kernel in lengths],
                  label=label, color=color, marker=marker, linestyle="--")
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xticks([length for length, _ in lengths], [str(length) for length, _ in lengths])
    axes.set_xlabel("bytes")
    axes.set_ylabel("instructions")
    axes.set_title("Fletcher-16", loc="left")
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    save(figure, "fletcher16")


def layouts():
    names = [("text", "text", "#08519c"), ("femtoContainers", "Femto-Containers", "#4292c6"),
             ("extended", "extended", "#9ecae1"), ("elf", "elf", "#fd8d3c")]
    kernels = [kernel for kernel in KERNELS if counts(kernel) or kernel == "fletcher16_rodata_640"]
    figure, axes = plot.subplots(figsize=(11, 4.8))
    for number, (layout, label, color) in enumerate(names):
        drawn = [(index + (number - 1.5) * 0.2, RECORDS[kernel, "interpreter"]["layout_bytes"][layout])
                 for index, kernel in enumerate(kernels)
                 if layout in RECORDS[kernel, "interpreter"]["layout_bytes"]]
        axes.bar([place for place, _ in drawn], [height for _, height in drawn], 0.2, label=label, color=color)
    axes.set_xticks(range(len(kernels)), kernels, rotation=30, ha="right")
    axes.set_ylabel("bytes of the image")
    axes.set_title("Images by layout; no bar: the layout cannot hold the program", loc="left")
    axes.legend(ncols=4, loc="upper left")
    save(figure, "layouts")


def firmware():
    parts = sorted(REPORT["firmware"]["parts"], key=lambda part: (part["flash"], part["ram"]))
    parts = [part for part in parts if part["flash"] + part["ram"] >= 256]
    figure, (flash, ram) = plot.subplots(1, 2, figsize=(11, 0.24 * len(parts) + 1.2), sharey=True)
    for axes, kind, color in [(flash, "flash", "#08519c"), (ram, "ram", "#e6550d")]:
        axes.barh([part["name"] for part in parts], [part[kind] / 1024 for part in parts], color=color)
        axes.set_xlabel("KiB")
        axes.grid(axis="x")
        axes.grid(visible=False, axis="y")
        axes.margins(y=0.01)
        axes.set_title(f"{kind if kind == 'flash' else 'RAM'}: {REPORT['firmware'][kind] / 1024:.1f} KiB in all", loc="left")
    save(figure, "firmware")


def isolation():
    kernels = [kernel for kernel in KERNELS if counts(kernel)]

    def mean(engine):
        product = 1.0
        for kernel in kernels:
            product *= RECORDS[kernel, engine]["ratio"]
        return product ** (1 / len(kernels))

    figure, (work, border) = plot.subplots(1, 2, figsize=(11, 3.6))
    bars = [("none: native code", 1, "#222222"), ("hardware: memory protection", mean("jit-hardware"), "#08519c"),
            ("checked: in software", mean("jit-checked"), "#4292c6")]
    costs = [("a helper's call", REPORT["threads"]["helper_call"], "#08519c"),
             ("switch to another program", REPORT["threads"]["switch"], "#08519c"),
             ("entering and leaving", RECORDS["noop", "jit-hardware"]["call_instructions"], "#08519c")]
    if "start" in REPORT["threads"]:
        costs.append(("giving a thread another program", REPORT["threads"]["start"], "#08519c"))
    for axes, data, form, title in [
            (work, bars, "{:.2f}", "computing, times native (geometric mean)"),
            (border, costs, "{:.0f}", "crossing the border, instructions")]:
        drawn = axes.barh([name for name, _, _ in data], [number for _, number, _ in data],
                          color=[color for _, _, color in data])
        axes.bar_label(drawn, [form.format(number) for _, number, _ in data], padding=3)
        axes.invert_yaxis()
        axes.grid(visible=False)
        axes.margins(x=0.15)
        axes.set_title(title, loc="left")
    save(figure, "isolation")


PICTURES.mkdir(parents=True, exist_ok=True)
for draw in [ratios, fletcher16, layouts, firmware, isolation]:
    draw()
print(f"drew {len(list(PICTURES.glob('*.svg')))} pictures in {PICTURES}")
