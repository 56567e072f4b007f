"""Flow lines in the forms of other tools, made by DuckDB: `formats.py LINES DIR`. Prints a line a file: name, path, and
Miller's options to read it.

The forms are those that people have most of: Zeek's conn.log with tabs and as JSON, Suricata's eve.json, argus' CSV, SiLK's
rwcut.
"""
import pathlib
import sys

ZEEK = {"ts": "round(epoch_ms(timestamp) / 1000, 6)", "uid": "'C' || substr(md5(src_port::varchar || dst_ip), 1, 17)", "id.orig_h": "src_ip",
        "id.orig_p": "src_port", "id.resp_h": "dst_ip", "id.resp_p": "dst_port",
        "proto": "case protocol when 6 then 'tcp' when 17 then 'udp' else 'icmp' end", "service": "'-'", "duration": "duration",
        "orig_bytes": "bytes - 40 * packets", "resp_bytes": "0", "conn_state": "'SF'", "history": "'ShADadFf'",
        "orig_pkts": "packets", "orig_ip_bytes": "bytes", "resp_pkts": "0", "resp_ip_bytes": "0"}
TYPES = "time string addr port addr port enum string interval count count string string count count count count".split()
ARGUS = {"StartTime": "round(epoch_ms(timestamp) / 1000, 6)", "Dur": "duration", "Proto": ZEEK["proto"], "SrcAddr": "src_ip", "Sport": "src_port",
         "Dir": "'   ->'", "DstAddr": "dst_ip", "Dport": "dst_port", "State": "'CON'", "TotPkts": "packets", "TotBytes": "bytes",
         "SrcPkts": "packets", "SrcBytes": "bytes"}
SILK = {"sIP": "src_ip", "dIP": "dst_ip", "sPort": "src_port", "dPort": "dst_port", "pro": "protocol", "packets": "packets", "bytes": "bytes",
        "flags": "'FS PA'", "sTime": "strftime(timestamp, '%Y/%m/%dT%H:%M:%S.%g')", "duration": "duration",
        "eTime": "strftime(timestamp + to_milliseconds((duration * 1000)::bigint), '%Y/%m/%dT%H:%M:%S.%g')", "sensor": "'S0'"}
AT = "strftime(timestamp, '%Y-%m-%dT%H:%M:%S.%f') || '+0000'"
EVE = {"timestamp": AT, "flow_id": "hash(src_ip, dst_ip, timestamp) % 1000000007", "event_type": "'flow'", "src_ip": "src_ip", "src_port": "src_port",
       "dest_ip": "dst_ip", "dest_port": "dst_port", "proto": f"upper({ZEEK['proto']})",
       "flow": f"{{'pkts_toserver': packets, 'pkts_toclient': 0, 'bytes_toserver': bytes, 'bytes_toclient': 0, 'start': {AT}, 'end': {AT}, "
               "'age': 0, 'state': 'closed', 'reason': 'timeout'}"}


def main(lines, folder):
    import duckdb
    con = duckdb.connect()
    con.sql(f"create table f as select timestamp, duration, src_ip, dst_ip, coalesce(src_port, 0) src_port, coalesce(dst_port, 0) dst_port, "
            f"protocol, packets, bytes from read_json('{lines}', format='newline_delimited')")

    def table(name, columns, options, head=""):
        path = folder / name
        asked = ", ".join(f'{what} as "{column}"' for column, what in columns.items())
        con.sql(f"copy (select {asked} from f) to '{path}' ({options})")
        if head:
            path.write_text(head + path.read_text())
        return path

    zeek = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n#fields\t{}\n#types\t{}\n"
    zeek = zeek.format("\t".join(ZEEK), "\t".join(TYPES))
    path = table("conn.log", ZEEK, "format csv, delimiter '\t', header false, quote ''", zeek)
    print("Zeek conn.log", path, "--icsv --ifs tab --implicit-csv-header --skip-comments", sep="\t")
    path = table("conn.json", ZEEK, "format json")
    print("Zeek conn.log as JSON", path, "--ijsonl", sep="\t")
    path = table("eve.json", EVE, "format json")
    print("Suricata eve.json", path, "--ijsonl", sep="\t")
    path = table("ra.csv", ARGUS, "format csv, header true, quote ''")
    print("argus CSV", path, "--icsv", sep="\t")
    path = table("rwcut.txt", SILK, "format csv, header true, delimiter '|', quote ''")
    print("SiLK rwcut", path, "--icsv --ifs pipe", sep="\t")


if __name__ == "__main__":
    main(sys.argv[1], pathlib.Path(sys.argv[2]))
