#!/usr/bin/env bash
# For cron, which mails what is printed: prints the reasons of grave alerts, and nothing on a quiet day.
set -uo pipefail
alerts=$(flowcat -q "$1" | flowdetect -q --fail-on critical sweep exfil; echo "${PIPESTATUS[*]}")
codes=${alerts##*$'\n'}
jq -r .reason <<<"${alerts%"$codes"}"
[[ $codes == "0 "[01] ]] || echo "$1 could not be read whole: exit codes $codes"
