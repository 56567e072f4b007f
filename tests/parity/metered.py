"""Flows of a capture as nfstream meters them, with all statistics and the first eight packets, as CSV:
`metered.py CAPTURE IDLE ACTIVE LAYER CSV`. Timeouts are seconds; the layer is 0 for frames, 1 IP, 2 transport, 3 payload.

nfstream does not unpack, so CAPTURE is plain.
"""
import sys


def main(capture, idle, active, layer, out):
    from nfstream import NFStreamer
    streamer = NFStreamer(source=capture, idle_timeout=int(idle), active_timeout=int(active), accounting_mode=int(layer), n_dissections=0,
                          statistical_analysis=True, splt_analysis=8, decode_tunnels=False, n_meters=1)
    streamer.to_csv(path=out)


if __name__ == "__main__":
    main(*sys.argv[1:])
