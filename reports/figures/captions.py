"""The plain words under each figure of the dashboard: what it shows and how to read it."""

from __future__ import annotations

from typing import Final

from reports.run.finished import Run

FOOTER: Final = (
    "Every count comes from messages that were really sent in the simulation; energy is those counts times the prices "
    "of the accelerator above."
)
EXACT_TIMELINE: Final = (
    "Every message of the run was recorded, so the segments are exact; where they would be too many to draw, a phase "
    "is in bands, each as thick as its share of the time."
)
COARSE_TIMELINE: Final = (
    "Messages were not recorded, so the order of work and waiting inside a phase is not known: the phase is drawn in "
    "full length in bands, each as thick as its share of the time, with work at the bottom."
)
COARSE_WATERFALL: Final = (
    " Messages were not recorded, so how much of the time up to the end of receiving was service and how much waiting "
    "is not known: as much of the core's service as can lie there is drawn."
)
SHARES_OF_LAYERS: Final = " There are many cores: each bar is a layer, the time of all its cores together."
SHARED_LINKS: Final = (
    " Connections share these links. A link that is busy nearly all the time, and for which messages wait, is the "
    "bottleneck: a wider link, another mapping or multicast would help."
)
PRIVATE_LINKS: Final = (
    " On this accelerator every connection has links of its own and none waits for another; the time of all of them "
    "between two tiles is added up. Where that is more than 100 %, one shared link could not carry it."
)
ARRIVALS: Final = {
    "serial": "Frames are taken one at a time: the next one starts when the last one has left the chip.",
    "pipelined": "Frames are taken as fast as the first core is free, so several are on their way at once.",
    "paced": "Frames arrive at a fixed rate, whether the chip keeps up or not.",
}
CAPTIONS: Final = {
    "four-networks": "Each bar is a mean over all frames of the run; shorter is cheaper. Each panel has its own scale.",
    "arithmetic-and-whole": (
        "Left: additions and multiplications alone, as the paper counts energy. Right: everything the chip does for a "
        "frame, by component, on its own scale. If the bars on the right keep the ratio of those on the left, the "
        "saving survives memory, messages and leakage."
    ),
    "energy-by-layer": (
        "Energy of one frame by layer and component, mean over all frames. A layer's bar holds what its cores did: "
        "serve the messages that came in, update its neurons, send its own messages. The input layer only compares "
        "pixels and sends them. Leakage of the chip as a whole belongs to no core and stands apart."
    ),
    "cost-per-frame": (
        "What every frame cost. A network that sends deltas, the changes since the frame before (temporal difference "
        "and sigma-delta), pays for what moved: the first frame is sent whole, a cut to another scene costs nearly as "
        "much, a still picture almost nothing."
    ),
    "cost-overview": (
        "The whole run at a glance: lines are means of neighbouring frames, bands go from the least to the largest."
    ),
    "agreement": (
        "The share of frames so far on which a network gives the original network's answer. There are no labels, so "
        "this says what the cheaper network loses, not who is right. Networks that compute the same function lie on "
        "one line; crosses are frames with another answer."
    ),
    "distribution": (
        "How often a frame costs how much. An upright line means that every frame costs the same; where a curve "
        "crosses 50 % stands the median frame, near 100 % the dearest ones. The axis is logarithmic."
    ),
    "layer-operations": (
        "Additions and multiplications for the messages that a layer receives, means over all frames. For every neuron "
        "it reaches, a message that carries a value costs a multiplication and an addition (or, shifted and added, an "
        "addition for each signed binary digit), a unit event one addition."
    ),
    "layer-ratios": (
        "What sending changes costs beside sending values, layer by layer: the same integers, in other messages. Unit "
        "events are the sum of the magnitudes sent; operations follow the messages on the wire, so the two differ "
        "where a message carries a whole value. Below 1 it saves, and where the ratio rises from layer to layer, small "
        "changes in the picture become large ones in the features. The first frame is sent whole by both."
    ),
    "layer-shares": (
        "Which layers a frame's operations fall on: each column adds up to 100 %. Beside it is each layer's mean."
    ),
    "changes": (
        "How different a layer's values are from those of the frame before, after the nonlinearity; row by row, input "
        "first. L1 distance: both frames are divided by the sum of their magnitudes, and 0 is no change, 2 the most. "
        "Cosine similarity: 1 is no change. Bright is much change, gaps are frames without values. If upper layers are "
        "as bright as the input, features change as fast as pixels do."
    ),
    "sparsity": (
        "The share of values that were zero, so that nothing needed to be sent: of activations in networks that send "
        "values, of deltas in those that send changes. Each value that remains costs one operation or more for every "
        "neuron it reaches (its fan-out). A larger scale means finer integers and fewer zeros. The dense original "
        "network sends its zeros all the same."
    ),
    "energy-treemap": (
        "The energy of one frame as areas, mean over all frames: components, in them layers, in them actions. A click "
        "on a box shows it alone, a click on the bar above goes back."
    ),
    "floor-plan": (
        "The chip from above: every core in its place, with the layer it holds (the number after the dot is its part "
        "of a layer that runs on several cores). Bright is much; grey cores hold nothing and are not used. Neighbours "
        "that differ much in brightness share a layer unevenly, or wait for each other. Resting the pointer on a core "
        "shows what it does."
    ),
    "link-map": (
        "The links between neighbouring tiles, one in each direction, as the arrows show; messages go along a row "
        "first, then along a column. Bright is much, faint links carry nothing. Resting the pointer on a link shows "
        "how long messages waited for it."
    ),
    "timeline": (
        "What every core did when, a lane for each. A core serves messages as they arrive, then updates its neurons "
        "and sends. It is starved while it waits for messages or, the input, for the next frame; at the barrier while "
        "it waits for all others. It is blocked while its way into the mesh is taken, while a receiver's queue is "
        "full, or while others have the port of off-chip memory."
    ),
    "waterfall": (
        "Why one frame took as long as it did, from its arrival at the left to its end at the right. Read from below: "
        "the last core to finish, above it the last of those that send to it, and so on up to the input. A core's bar "
        "begins where the one above ends: what it still had to wait for and to serve then, and its update, in which it "
        "sends. All pieces add up to the frame's latency. To make the frame faster, shorten the longest pieces."
    ),
    "time-shares": (
        "Where each core's time went over the whole run. The busiest core sets the pace; one that is mostly starved "
        "could be slower, or hold more; one that is blocked needs a wider way out, or a receiver with a deeper queue."
    ),
    "queue-peaks": (
        "The most messages that ever were in a core's input queue or underway to it; of a layer on several cores, in "
        "the fullest. Where that reaches the grey mark, the queue was full."
    ),
    "running-error": ("The error among the frames so far. Networks that compute the same function lie on one line."),
    "confusion": "Which class is taken for which. Colours are shares of a row; on the diagonal both agree.",
}


def arithmetic_and_whole(run: Run) -> str:
    """How to read the figure, and why both sides are equal if only arithmetic has a price."""
    text = CAPTIONS["arithmetic-and-whole"]
    if run.energy.loc[run.energy["component"] != "arithmetic", "energy_all_frames_pj"].any():
        return text
    return f"{text} This accelerator prices arithmetic alone, so here both are the same."


def under_pictures(run: Run) -> str:
    """What stands under the frames, as a sentence that goes on."""
    if not len(run.sample_frames):
        return ""
    if not run.classifies:
        return " Under the plot are frames."
    if run.labels is not None:
        return " Under the plot are frames with the network's answer; ≠ marks a wrong one, and what is right."
    if run.frames["agrees"].isna().all():
        return " Under the plot are frames with the network's answer."
    return " Under the plot are frames with the networks' answers; ≠ marks those that differ from the original's."


def first_five(run: Run) -> str:
    """What the dotted lines are, if there are any."""
    if run.frames["agrees_top5"].isna().all():
        return ""
    return " Dotted: the network's answer is one of the original's first five."


def quantisation_note(run: Run) -> str:
    """How to read the table of what quantisation did; empty if the run does not say."""
    if run.quantisation is None:
        return ""
    return (
        f"The integer networks beside the float network they were made of, on {run.quantisation['frames']} calibration "
        "frames. k is the paper's scale, integer steps per unit of activation. Signal-to-noise is the power of the "
        "float activations over that of the error, all layers before included: at 20 dB the error is a tenth of the "
        "signal, at 40 dB a hundredth. What full fixed point loses it loses to integer weights; what scale k loses "
        "beyond that is the price of coarse steps, and fewer operations are what it buys. Clipped activations lie "
        "beyond the largest integer. The largest sum is that of these frames, the largest possible one follows from "
        "the weights alone: as long as its bits are no more than the accumulator has, no frames can overflow it."
    )


def answers_note(run: Run) -> str:
    """Why nothing is said about right and wrong; empty if something is."""
    if not run.classifies:
        return "The outputs of this network are a map of features, not classes, so there is no right or wrong answer."
    if run.labels is None and run.frames["agrees"].isna().all():
        return "The frames have no labels and the original network was not simulated: right and wrong are not known."
    return ""
