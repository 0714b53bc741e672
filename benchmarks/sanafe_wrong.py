"""What SANA-FE makes of one wrong architecture file, or of a convolution: `python -I sanafe_wrong.py CASE FOLDER`.

Run by the Python of SANA-FE's own environment. Each case changes a line of the loihi.yaml that comes with SANA-FE and
runs two groups of three neurons on it, which spike for three steps.
"""

from __future__ import annotations

import sys
from pathlib import Path

import sanafe  # type: ignore[import-not-found] # in its own environment

SHIPPED = Path(sanafe.__file__).parent / "examples" / "loihi.yaml"
FAR = {"first": 0, "second": 31}  # tiles at opposite corners of the 8 x 4 mesh
CHANGES = {
    "nothing wrong": ("width: 8", "width: 8"),
    "synapse: enery_process_spike": ("energy_process_spike: 35.5e-12", "enery_process_spike: 35.5e-12"),
    "dendrite: enery_update": ("energy_update: 0.0", "enery_update: 0.0"),
    "soma: enery_update_neuron": ("energy_update_neuron: 21.6e-12", "enery_update_neuron: 21.6e-12"),
    "axon out: enery_message_out": ("energy_message_out", "enery_message_out"),
    "tile: enery_north_hop": ("energy_north_hop", "enery_north_hop"),
    "energy_message_out: -111.0e-9": ("energy_message_out: 111.0e-12", "energy_message_out: -111.0e-9"),
    "topology: moebius strip": ("topology: mesh", "topology: moebius strip"),
    "32 tiles, width: 7": ("width: 8", "width: 7"),
    "32 tiles, width: 2": ("width: 8", "width: 2"),
    "32 tiles, width: 2, simple timing": ("width: 8", "width: 2"),
}
SIDE, CHANNELS, KERNEL = 64, 12, 3


def main() -> None:
    """Run a case and print the last thing there is to say."""
    case, folder = sys.argv[1], Path(sys.argv[2])
    if case == "convolution":
        print(_convolution(folder))
        return
    wrong, right = CHANGES[case][1], CHANGES[case][0]
    arch = _arch(folder, SHIPPED.read_text().replace(right, wrong))
    chip = sanafe.SpikingChip(arch)
    chip.load(_two_groups(arch))
    result = chip.sim(3, timing_model="simple" if "simple" in case else "detailed")
    print(f"runs: total energy {result['energy']['total']:.4g} J, {result['sim_time'] * 1e9:,.1f} ns")


def _arch(folder: Path, text: str) -> sanafe.Architecture:
    path = folder / "arch.yaml"
    path.write_text(text)
    return sanafe.load_arch(str(path))


def _two_groups(arch: sanafe.Architecture) -> sanafe.Network:
    network, units = sanafe.Network(), {"soma_hw_name": "loihi_lif", "default_synapse_hw_name": "loihi_dense_synapse"}
    fires = {"force_update": True, "bias": 1.0, "threshold": 0.5}
    first = network.create_neuron_group("first", 3, model_attributes=fires, **units)
    second = network.create_neuron_group("second", 3, model_attributes={"threshold": 10.0}, **units)
    first.connect_neurons_dense(second, {"weight": [1.0] * 9})
    for group in (first, second):
        for neuron in group:
            neuron.map_to_core(arch.tiles[FAR[group.get_name()]].cores[0])
    return network


def _convolution(folder: Path) -> str:
    """Bytes a synapse of a 3 x 3 convolution takes: growth of the resident size, of network and chip."""
    net, units = sanafe.Network(), {"soma_hw_name": "loihi_lif", "default_synapse_hw_name": "loihi_conv_synapse"}
    arch = _arch(folder, SHIPPED.read_text())
    chip = sanafe.SpikingChip(arch)
    out = SIDE - KERNEL + 1
    first = net.create_neuron_group("first", SIDE * SIDE, **units)
    second = net.create_neuron_group("second", out * out * CHANNELS, **units)
    weights = {"weight": [1.0] * (KERNEL * KERNEL * CHANNELS)}
    sizes = {"input_width": SIDE, "input_height": SIDE, "input_channels": 1}
    kernel = {"kernel_width": KERNEL, "kernel_height": KERNEL, "kernel_count": CHANNELS}
    for group, begin in ((first, 0), (second, 64)):
        for number, neuron in enumerate(group):
            place = begin + number // 1024
            neuron.map_to_core(arch.tiles[place // 4].cores[place % 4])
    before = _resident_bytes()
    first.connect_neurons_conv2d(second, weights, **sizes, **kernel)
    built = _resident_bytes()
    chip.load(net)
    loaded = _resident_bytes()
    synapses = out * out * CHANNELS * KERNEL * KERNEL
    network, chip_too = (built - before) / synapses, (loaded - built) / synapses
    stored = KERNEL * KERNEL * CHANNELS
    return f"{synapses:,} synapses of {stored} weights: {network:.0f} bytes each, and on the chip {chip_too:.0f} more"


def _resident_bytes() -> int:
    status = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) * 1024


if __name__ == "__main__":
    main()
