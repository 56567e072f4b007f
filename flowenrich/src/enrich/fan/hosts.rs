//! The addresses of a window, numbered, with the counts of each.
//!
//! Invariant: a number stands for its address as long as a flow that has it is held; then it is used again. Bound: the
//! distinct addresses of the flows that are held.

use flow_record::map::Map;
use flow_record::value::Address;

/// Addresses and what is counted of each.
#[derive(Default)]
pub(super) struct Hosts {
    numbers: Map<Address, u32>,
    all: Vec<Host>,
    free: Vec<u32>,
}

struct Host {
    address: Address,
    /// How often flows that are held have it.
    held: u32,
    /// Distinct destinations of its flows in the window.
    fan_out: u32,
    /// Distinct sources of flows to it in the window.
    fan_in: u32,
}

impl Hosts {
    /// The numbers of a flow's ends, which is held from now on.
    pub(super) fn meet(&mut self, src: Address, dst: Address) -> [u32; 2] {
        [self.number(src), self.number(dst)]
    }

    fn number(&mut self, address: Address) -> u32 {
        let Hosts { numbers, all, free } = self;
        let number = *numbers.entry(address).or_insert_with(|| {
            let host = Host { address, held: 0, fan_out: 0, fan_in: 0 };
            match free.pop() {
                Some(number) => {
                    all[number as usize] = host;
                    number
                }
                None => {
                    all.push(host);
                    all.len() as u32 - 1
                }
            }
        });
        all[number as usize].held += 1;
        number
    }

    /// A flow with these ends is no longer held.
    pub(super) fn part(&mut self, ends: [u32; 2]) {
        for number in ends {
            let host = &mut self.all[number as usize];
            host.held -= 1;
            if host.held == 0 {
                self.numbers.remove(&host.address);
                self.free.push(number);
            }
        }
    }

    /// A first flow of this pair has come into the window, or the last one has left.
    pub(super) fn count(&mut self, [src, dst]: [u32; 2], has_come: bool) {
        let by = |count: &mut u32| *count = if has_come { *count + 1 } else { *count - 1 };
        by(&mut self.all[src as usize].fan_out);
        by(&mut self.all[dst as usize].fan_in);
    }

    /// Fan-out and fan-in of the source, fan-in and fan-out of the destination.
    pub(super) fn counts(&self, [src, dst]: [u32; 2]) -> [u32; 4] {
        let (src, dst) = (&self.all[src as usize], &self.all[dst as usize]);
        [src.fan_out, src.fan_in, dst.fan_in, dst.fan_out]
    }

    /// How many addresses are held.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.numbers.len()
    }
}
