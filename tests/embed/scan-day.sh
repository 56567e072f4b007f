#!/usr/bin/env bash
# Alerts of one day's listing; fails if a stage fails or more than 0.1 % of the rows cannot be read.
set -euo pipefail
flowcat -q --biflow --max-rejects 0.1% "$1" | flowdetect -q portscan sweep exfil beacon:rule=jitter
