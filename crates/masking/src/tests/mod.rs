//! What holds for every kind.

mod hostile;
mod properties;
