//! Incidents, and the alarms that they set off: each is played through the functions, and the alarms of the template are
//! evaluated on the lines that the functions log, as `CloudWatch` would on their metrics.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test's helper fails the test")]

mod documented;
mod scene;
mod scenes;
