#!/usr/bin/env bash
# A folder of captures and its ground truth become a matrix to learn from, each step a file: matrix.sh CAPTURES TRUTH OUT
set -euo pipefail
columns=label_numeric+bidirectional_bytes+bidirectional_packets+bidirectional_duration_ms
for side in bidirectional src2dst dst2src; do columns+=+${side}_mean_*+${side}_stddev_*; done
columns+=+fan_*+connection_*+potential_*+piat_*+ps_*+flow_*+suspicious_*+protocol_*+ip_class_mismatch
columns+=+timing_regularity+burst_factor+src_ip_class_*+dst_ip_class_*+src_port_class_*+dst_port_class_*
flowcat -q --stats "$1" |
  tee >(flowcat -q --to parquet -o "$3/metered.parquet") |
  flowenrich -q fan label:truth="$2",numeric=true ipclass portclass |
  tee >(flowcat -q --to csv -o "$3/labelled.csv") |
  flowenrich -q features scale onehot:set=notebook |
  tee >(flowcat -q --to parquet -o "$3/features.parquet") |
  flowenrich -q select:field="$columns",as=matrix --to csv -o "$3/matrix.csv"
