//! How windows lie on the axis of time.
//!
//! Windows begin at multiples of the slide since 1970-01-01T00:00:00Z, so that files and machines agree on them. A pane is
//! the step in which time is looked at: the slide, or where windows do not overlap, a part of the window.

use flow_record::people::duration;

/// How late a line may be where nobody says, in nanoseconds: what DESIGN gives exporters that send flows at their end.
pub(crate) const LATENESS: u64 = 120_000_000_000;

/// How often a window that does not overlap others is looked at before it is over.
const LOOKS: i64 = 10;

/// Most panes of a window: each is a state.
const MOST_PANES: i64 = 1440;

/// Windows and their panes, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    /// The length of a pane.
    pub(super) pane: i64,
    /// Panes in a window.
    pub(super) panes: i64,
    /// Whether a window begins with every pane, or with every window's end.
    pub(super) slides: bool,
    /// How late a line may be.
    pub(super) lateness: i64,
}

impl Layout {
    /// Windows of this length, one after the other or one each `slide`.
    ///
    /// # Errors
    /// What is wrong with the lengths.
    pub(crate) fn new(window: u64, slide: Option<u64>, lateness: u64) -> Result<Layout, String> {
        let nanos = |n: u64| i64::try_from(n).unwrap_or(i64::MAX / 4).min(i64::MAX / 4);
        let (window, lateness) = (nanos(window), nanos(lateness));
        let shown = |n: i64| duration(n as f64 / 1e9);
        if window == 0 {
            return Err("--window: a duration above 0 is expected".into());
        }
        let pane = match slide.map(nanos) {
            Some(slide) if slide == 0 || window % slide != 0 => {
                return Err(format!(
                    "--slide: the window, {}, is to be a multiple of it, as in --window 5m --slide 1m",
                    shown(window)
                ));
            }
            Some(slide) if window / slide > MOST_PANES => {
                return Err(format!("--slide: at least {} for such a window", shown(window / MOST_PANES)));
            }
            Some(slide) => slide,
            None => window / (1..=LOOKS).rev().find(|n| window % n == 0).unwrap_or(1),
        };
        let slides = slide.is_some_and(|_| pane < window);
        Ok(Layout { pane, panes: window / pane, slides, lateness })
    }

    /// The length of a window.
    pub(super) fn window(&self) -> i64 {
        self.pane.saturating_mul(self.panes)
    }

    /// When the pane of this number begins.
    pub(super) fn start(&self, pane: i64) -> i64 {
        pane.saturating_mul(self.pane)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const S: u64 = 1_000_000_000;

    #[test]
    fn a_window_is_a_whole_number_of_panes() {
        let layout = |window, slide| Layout::new(window, slide, 0).map(|l| (l.pane, l.panes, l.slides));
        assert_eq!(layout(300 * S, None), Ok((30 * S as i64, 10, false)));
        assert_eq!(layout(300 * S, Some(60 * S)), Ok((60 * S as i64, 5, true)));
        assert_eq!(layout(300 * S, Some(300 * S)), Ok((300 * S as i64, 1, false)));
        assert_eq!(layout(7, None), Ok((1, 7, false)));
        assert_eq!(layout(11, None), Ok((11, 1, false)));
    }

    #[test]
    fn lengths_that_do_not_fit_are_refused() {
        let error = |window, slide| Layout::new(window, slide, 0).unwrap_err();
        assert!(error(300 * S, Some(7 * S)).contains("the window, 5 min, is to be a multiple"));
        assert!(error(300 * S, Some(600 * S)).contains("multiple"));
        assert!(error(300 * S, Some(0)).contains("multiple"));
        assert!(error(86_400 * S, Some(S)).contains("at least 1 min"));
        assert!(error(0, None).contains("above 0"));
    }
}
