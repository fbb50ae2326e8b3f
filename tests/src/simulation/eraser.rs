//! The backend erases customers, in the midst of what they do.

use std::collections::BTreeSet;
use std::time::Duration;

use http::Method;
use tokio::time::{Instant, sleep};

use super::backend::Backend;
use super::image::Image;
use super::typist::mail_id;

/// The tries until a backend gives up.
const TRIES: usize = 12;

impl Backend {
    /// Erases customers now and then, until this moment.
    pub(super) async fn erases(self, customers: u64, until: Instant) {
        loop {
            sleep(self.draws.time(Duration::from_mins(3)..Duration::from_mins(40))).await;
            if Instant::now() >= until || self.ground.trace.is_broken() {
                return;
            }
            let mut customer = format!("user-{}", self.draws.below(customers));
            // Or somebody who is about to connect.
            if self.draws.chance(600) {
                let Some(next) = self.ground.next_at_provider(until).await else { return };
                customer = next;
                sleep(self.draws.time(Duration::ZERO..Duration::from_secs(30))).await;
            }
            self.erase(&customer).await;
            self.ground.look();
        }
    }

    /// Erases a customer, and asks until nothing is left.
    async fn erase(&self, customer: &str) {
        let ground = &self.ground;
        for _ in 0..TRIES {
            let (position, troubles) = (ground.follower.position(), ground.trace.troubles());
            let (revoked, lived) = (ground.authority.revocations_of(customer), self.lives_of(customer));
            ground.erasures.asked(customer);
            let answer = self.call(Method::DELETE, &format!("/customers/{customer}"), None).await;
            if answer.status.as_u16() != 200 {
                sleep(self.draws.time(Duration::from_millis(500)..Duration::from_secs(20))).await;
                continue;
            }
            ground.erasures.done(customer);
            ground.trace.count("customers erased");
            let is_told = ground.follower.heard_customer_erased_since(position, customer);
            self.check(is_told, || format!("{customer} is erased, and no event says so"));
            let came = answer.json();
            let count = |name: &str| usize::try_from(came[name].as_u64().unwrap()).unwrap();
            let all = ground.authority.revocations_of(customer);
            self.check(
                count("revoked") <= all && count("revoked") + count("notRevoked") <= count("erased"),
                || format!("{customer}: {came}, and the provider was asked {all} times"),
            );
            // Nothing went wrong, and nobody else has taken the connection out of the live ones.
            let is_quiet = ground.trace.troubles() == troubles;
            let names = [
                "connection.created",
                "connection.updated",
                "connection.reconnected",
                "connection.disconnected",
            ];
            let is_alone = lived.iter().all(|id| !ground.follower.heard_since(position, id, &names));
            if ground.revokes.is_some() && is_quiet && is_alone && !lived.is_empty() {
                ground.trace.count("erasures without any trouble, whose revocations were looked at");
                self.check(all >= revoked + lived.len() && count("revoked") >= lived.len(), || {
                    format!("{customer} is erased, and the grants of {lived:?} are not revoked: {came}")
                });
            }
            return;
        }
        ground.trace.count("erasures given up");
    }

    /// The customer's live connections that have credentials.
    fn lives_of(&self, customer: &str) -> BTreeSet<String> {
        let lives = |image: &&Image| {
            image.customer() == customer
                && image.integration() != mail_id()
                && !image.is_erased()
                && !image.is_archived()
                && !image.is_disconnected()
        };
        self.ground
            .follower
            .connections(|all| all.filter(lives).map(|image| image.key().to_owned()).collect())
    }
}
