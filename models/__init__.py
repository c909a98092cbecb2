"""The networks of the paper, in Keras and TensorFlow only: no files but checkpoints, no settings.

To understand the paper's networks, read four files, about ten minutes in all:

    alignment.py    one exposure, synthesised with the structure of the reference
    merging.py      the three aligned frames to radiance
    esbn.py         two alignments and the merging in one graph
    layers.py       the convolution of all of them

The rest serves these: `frames` names the frames and networks, `normalisation` computes batch
statistics across devices, `release_checkpoint` reads and writes the authors' TF 1 checkpoints,
`weight_values` checks numbers read from a file, and `fast` computes the same results in less time.
"""
