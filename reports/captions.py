"""The plain words under each figure of the dashboard: what it shows and how to read it."""

from __future__ import annotations

from typing import Final

FOOTER: Final = (
    "Every count comes from messages that were really sent in the simulation; energy is those counts times the prices "
    "of the accelerator above."
)
EXACT_TIMELINE: Final = "The segments are exact: every message of the run was recorded."
COARSE_TIMELINE: Final = (
    "Messages were not recorded, so the order of work and waiting inside a phase is not known: the phase is drawn in "
    "full in the colour of waiting, and the bar of work in it is the thicker the more of it was work."
)
ARRIVALS: Final = {
    "serial": "Frames are taken one at a time: the next one starts when the last one has left the chip.",
    "pipelined": "Frames are taken as fast as the first core is free, so several are on their way at once.",
    "paced": "Frames arrive at a fixed rate, whether the chip keeps up or not.",
}
ERROR_SO_FAR: Final = "The error among the frames so far. Networks that compute the same function lie on one line."
DISAGREEMENT_SO_FAR: Final = (
    "The share of frames so far that got another answer than from the original network; there are no labels."
)

CAPTIONS: Final = {
    "four-networks": "Each bar is a mean over all frames of the run; shorter is cheaper. Each panel has its own scale.",
    "arithmetic-and-whole": (
        "Left: additions and multiplications alone, as the paper counts energy. Right: everything the chip does for a "
        "frame, by component, on its own scale. If the bars on the right keep the ratio of those on the left, the "
        "saving survives memory, messages and leakage."
    ),
    "energy-by-layer": (
        "Energy of one frame by layer and component, mean over all frames. A layer's bar holds what its core did: "
        "serve the messages that came in, update its neurons, send its own messages. The input layer only compares "
        "pixels and sends them. Leakage of the chip as a whole belongs to no core and stands apart."
    ),
    "cost-per-frame": (
        "What every frame cost. A network that sends deltas, the changes since the frame before (temporal difference "
        "and sigma-delta), pays for what moved: the first frame is sent whole, a cut to another scene costs nearly as "
        "much, a still picture almost nothing. Under the plot are frames with the network's answer; a wrong one reads "
        "answer≠truth."
    ),
    "cost-overview": (
        "The whole run at a glance: lines are means of neighbouring frames, bands go from the least to the largest."
    ),
    "distribution": (
        "How often a frame costs how much. An upright line means that every frame costs the same; where a curve "
        "crosses 50 % stands the median frame, near 100 % the dearest ones. The axis is logarithmic."
    ),
    "sparsity": (
        "The share of values that were zero, so that nothing needed to be sent: of activations in the original and "
        "rounding networks, of deltas in the other two. Each value that remains costs one operation or more for every "
        "neuron it reaches (its fan-out). A larger scale means finer integers and fewer zeros. The dense original "
        "network sends its zeros all the same."
    ),
    "timeline": (
        "What every core did when. A core serves messages as they arrive, then updates its neurons and sends. It is "
        "starved while it waits for messages, blocked while the link or the receiver's full queue holds it up, and at "
        "the barrier while it waits for all others."
    ),
    "time-shares": (
        "Where each core's time went over the whole run. The busiest core sets the pace; one that is mostly starved "
        "could be slower, or hold more."
    ),
    "queue-peaks": (
        "The most messages that ever were in a core's input queue or underway to it. Where a bar reaches the grey "
        "mark, the queue was full."
    ),
    "confusion": "Which class is taken for which. Colours are shares of a row; on the diagonal both agree.",
}
