"""One stage alone in a notebook: flows from a data frame into flowstat, its rows back into a data frame."""
import io
import subprocess
import sys

import pandas as pd

flows = pd.read_csv(sys.argv[1], usecols=["sa", "da", "dp", "ibyt"], dtype=str).dropna()
flows = flows.rename(columns={"sa": "src_ip", "da": "dst_ip", "dp": "dst_port", "ibyt": "bytes"})
flows = flows.astype({"dst_port": float, "bytes": int}).astype({"dst_port": int})
stage = subprocess.run(["flowstat", "-q", "hosts"], input=flows.to_json(orient="records", lines=True),
                       capture_output=True, text=True, check=True)
hosts = pd.read_json(io.StringIO(stage.stdout), lines=True)
print(hosts.nlargest(3, "bytes")[["src_ip", "flows", "bytes", "unique_dst_ips"]].to_string(index=False))
