"""Flows of captures as nfstream meters them, with all statistics and the first eight packets, as CSV: on each line of the
standard input CAPTURE, IDLE, ACTIVE, LAYER and CSV, with tabs between them. Timeouts are seconds; the layer is 0 for
frames, 1 IP, 2 transport, 3 payload.

nfstream does not unpack, so captures are plain.
"""
import sys

from nfstream import NFStreamer


def meter(capture, idle, active, layer, out):
    streamer = NFStreamer(source=capture, idle_timeout=int(idle), active_timeout=int(active), accounting_mode=int(layer), n_dissections=0,
                          statistical_analysis=True, splt_analysis=8, decode_tunnels=False, n_meters=1)
    streamer.to_csv(path=out)


if __name__ == "__main__":
    for line in sys.stdin.read().splitlines():
        meter(*line.split("\t"))
