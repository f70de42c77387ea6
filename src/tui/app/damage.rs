//! Which parts of the screen are to be drawn again.

use std::ops::{BitOr, BitOrAssign};

/// Parts of the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Damage(u8);

impl Damage {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// The bar at the top.
    pub const TOP: Self = Self(1);
    /// The thread list.
    pub const LIST: Self = Self(2);
    /// The conversation with its frame.
    pub const CONVERSATION: Self = Self(4);
    /// The text being written.
    pub const COMPOSER: Self = Self(8);
    /// The contact.
    pub const DETAILS: Self = Self(16);
    /// The line at the bottom.
    pub const STATUS: Self = Self(32);
    /// All of it.
    pub const ALL: Self = Self(63);

    /// Whether any of `other` is part of it.
    pub fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Without `other`.
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

impl BitOr for Damage {
    type Output = Self;
    fn bitor(self, o: Self) -> Self {
        Self(self.0 | o.0)
    }
}

impl BitOrAssign for Damage {
    fn bitor_assign(&mut self, o: Self) {
        self.0 |= o.0;
    }
}
