//! What building the states of a run leaves behind, and what it finds.

use crate::value::Time;

/// One value for all items of a run.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    watched: Vec<String>,
    /// The time that stands for now, if it was given.
    pub now: Option<Time>,
}

impl Setup {
    /// Nothing watched yet, and this time for now.
    pub fn at(now: Option<Time>) -> Setup {
        Setup { now, ..Setup::default() }
    }

    /// Asks for members of lines; answers the number of the first, the others follow in their order.
    pub fn watch<'n>(&mut self, names: impl IntoIterator<Item = &'n str>) -> usize {
        let base = self.watched.len();
        self.watched.extend(names.into_iter().map(str::to_owned));
        base
    }

    /// Members that the scanner is to watch, in the order in which they were asked for.
    pub fn watched(&self) -> &[String] {
        &self.watched
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_watched_in_the_order_in_which_they_were_asked_for() {
        let mut setup = Setup::default();
        assert_eq!((setup.watch(["a", "b"]), setup.watch([]), setup.watch(["b"])), (0, 2, 2));
        assert_eq!(setup.watched(), ["a", "b", "b"]);
    }
}
