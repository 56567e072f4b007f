//! How many datagrams the kernel dropped because a socket's buffer was full: the last column of `/proc/net/udp`.
//!
//! Source: proc(5); Linux, `net/ipv4/udp.c`. Lines have an address, ports and queues in hex, and the inode as the tenth
//! column.

use std::fs;

/// Columns from the first on: of the inode, and of the drops.
const INODE: usize = 9;
const DROPS: usize = 12;

/// Datagrams that were dropped of the socket with this inode; `None` where the system does not say.
pub(super) fn of(inode: u64) -> Option<u64> {
    ["/proc/net/udp", "/proc/net/udp6"].iter().find_map(|path| in_table(&fs::read_to_string(path).ok()?, inode))
}

fn in_table(table: &str, inode: u64) -> Option<u64> {
    table.lines().skip(1).find_map(|line| {
        let columns: Vec<&str> = line.split_ascii_whitespace().collect();
        let is_it = columns.get(INODE)?.parse() == Ok(inode);
        is_it.then(|| columns.get(DROPS)?.parse().ok()).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_column_is_found_by_the_inode() {
        let table = "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n\
                     \x20 351: 0100007F:0807 00000000:0000 07 00000000:00000300 00:00000000 00000000     0        0 4711 2 0000000000000000 17\n\
                     \x20 352: 0100007F:0808 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4712 2 0000000000000000 0\n";
        assert_eq!((in_table(table, 4711), in_table(table, 4712), in_table(table, 1)), (Some(17), Some(0), None));
    }
}
