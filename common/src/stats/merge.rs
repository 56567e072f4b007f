//! Merging: adding all that another state of the same kind was given.
//!
//! The laws, which tests hold every state to, byte for byte as it is written with serde: merging is associative and
//! commutative, a new state changes nothing, and any split of the input merges to the state of one run.

use super::{
    Addresses, Digests, FloatMoments, FlowQuantiles, KeyQuantiles, Moments, Parts, Ports, Profile, Seen, SketchKey,
    Sums,
};

/// A state that adds up.
pub trait Merge: Sized {
    /// What both states were made with and merging needs: nothing, the key of sketches, or the parts that are kept.
    type With;

    /// Adds all that `other` was given.
    fn merge(&mut self, other: Self, with: &Self::With);
}

macro_rules! merges {
    ($($state:ty),*) => {$(
        impl Merge for $state {
            type With = ();

            fn merge(&mut self, other: Self, (): &()) {
                <$state>::merge(self, &other);
            }
        }
    )*};
    ($($state:ty => $with:ty),*) => {$(
        impl Merge for $state {
            type With = $with;

            fn merge(&mut self, other: Self, with: &$with) {
                <$state>::merge(self, other, with);
            }
        }
    )*};
}

merges!(Sums, Seen, Moments, FloatMoments, FlowQuantiles, KeyQuantiles);
merges!(Addresses => SketchKey, Digests => SketchKey, Profile => Parts);

impl Merge for Ports {
    type With = ();

    fn merge(&mut self, other: Self, (): &()) {
        Ports::merge(self, other);
    }
}

#[cfg(test)]
mod tests;
