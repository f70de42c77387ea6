//! Templates for who makes them: our rules beside those of the emulator, models, files, and the command line.

mod parity;
mod random;
mod wire;
