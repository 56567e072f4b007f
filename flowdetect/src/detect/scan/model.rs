//! SiLK's logistic models of scans: from what all flows of a source in one protocol look like to a probability.
//!
//! Coefficients and features as in SiLK 3.19.1, rwscan (Gates, McNutt, Kadane and Kellner, "Scan detection on very large
//! networks using logistic regression modeling", ISCC 2006). The probability is 1 / (1 + e^-y). Ratios are of flows; source
//! ports are an estimate here. Pure functions of named features.

/// A protocol that has a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    Tcp,
    Udp,
    Icmp,
}

/// What the flows of a source look like, as far as the models ask.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Features {
    pub(super) flows: f64,
    /// Distinct destinations.
    pub(super) targets: f64,
    /// Flows without ACK.
    pub(super) noack: f64,
    /// Flows of less than 3 packets.
    pub(super) small: f64,
    /// Flows of more than 60 bytes a packet.
    pub(super) payload: f64,
    /// Flows of resets and SYN-ACKs alone.
    pub(super) backscatter: f64,
    /// Source ports over all flows, and those towards a destination, on average.
    pub(super) sports: f64,
    pub(super) sports_per_target: f64,
    /// Most consecutive destinations within a network of 24 bits, and most destinations in one.
    pub(super) run: f64,
    pub(super) in_network: f64,
    /// Most consecutive networks of 24 bits.
    pub(super) networks: f64,
    /// Of ports below 1024 of one destination: most distinct, most consecutive.
    pub(super) low_ports: f64,
    pub(super) low_run: f64,
    /// Echo requests.
    pub(super) echo: f64,
}

/// How likely such flows are a scan.
pub(super) fn probability(protocol: Protocol, f: &Features) -> f64 {
    let ratio = |n: f64| n / f.flows.max(1.0);
    let y = match protocol {
        Protocol::Tcp => {
            -2.838_353_611 + 3.309_023_427 * ratio(f.noack)
                - 0.157_047_027 * ratio(f.small)
                - 0.002_319_304 * f.sports_per_target
                - 1.047_413_699 * ratio(f.payload)
                + 3.163_018_548 * ratio(f.targets)
                - 3.260_270_447 * ratio(f.backscatter)
        }
        Protocol::Udp => {
            -1.887_907_966 + 0.543_683_505 * ratio(f.small) + 0.025_150_994 * f.run + 0.529_094_801 * f.low_ports
                - 1.244_182_168 * f.low_run
                - 0.001_841_634 * f.sports_per_target
                - 0.224_548_546 * ratio(f.payload)
                - 0.697_943_155 * ratio(f.sports)
        }
        Protocol::Icmp => {
            -4.307_079 - 0.082_457_04 * f.networks - 0.028_006_12 * f.run + 0.048_778_52 * f.in_network
                - 6.398_878e-6 * f.targets
                + 4.016_751 * ratio(f.echo)
        }
    };
    1.0 / (1.0 + (-y).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Probabilities computed apart from this program from the published coefficients.
    #[test]
    fn probabilities_are_those_of_the_formula() {
        let base = Features { flows: 100.0, targets: 100.0, ..Features::default() };
        let near = |p: f64, expected: f64| assert!((p - expected).abs() < 1e-6, "{p} {expected}");
        // y = -2.838353611 + 3.309023427 - 0.157047027 - 0.002319304 + 3.163018548 = 3.474322033
        let scan = Features { noack: 100.0, small: 100.0, sports_per_target: 1.0, ..base };
        near(probability(Protocol::Tcp, &scan), 0.969_948_3);
        // y = -2.838353611 - 1.047413699 + 0.0316301855 - 0.002319304 = -3.8564564285
        let web = Features { payload: 100.0, sports_per_target: 1.0, targets: 1.0, ..base };
        near(probability(Protocol::Tcp, &web), 0.020_705_0);
        // y = 3.474322033 - 3.260270447 = 0.214051586
        near(probability(Protocol::Tcp, &Features { backscatter: 100.0, ..scan }), 0.553_309_5);
        // y = -1.887907966 + 0.543683505 + 0.025150994*254 - 0.001841634 = 5.042286381
        let sweep = Features { small: 100.0, run: 254.0, sports_per_target: 1.0, ..base };
        near(probability(Protocol::Udp, &sweep), 0.993_582_5);
        // y = -4.307079 - 0.08245704 - 0.02800612*254 + 0.04877852*254 - 6.398878e-6*100 + 4.016751 = 4.9027646722
        let ping = Features { networks: 1.0, run: 254.0, in_network: 254.0, echo: 100.0, ..base };
        near(probability(Protocol::Icmp, &ping), 0.992_628_7);
    }
}
