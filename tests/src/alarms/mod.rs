//! The alarms of infra/alarms.yaml, evaluated on the lines that functions log, as `CloudWatch` would on their metrics; and
//! the incidents that set them off.

mod alarm;
mod expression;
mod incidents;
mod metrics;
mod seen;
mod template;

pub use alarm::{Alarm, alarms};
pub use incidents::*;
pub use metrics::Metrics;
pub use seen::Seen;
pub use template::{STACK, resources};
