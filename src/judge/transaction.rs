//! What became of each MAIL of a dialogue (RFC 5321 §3.3).

use crate::report::exchange::{ConversationExchange, ReplyReport};
use crate::report::mail::MailReport;
use crate::report::outcome::Outcome;
use crate::report::transaction::TransactionReport;
use crate::smtp::Verb;

/// The transactions of a dialogue; `closed` tells whether the connection ended within the capture.
pub(crate) fn transactions(
    exchanges: &[ConversationExchange],
    mails: &[MailReport],
    closed: bool,
) -> Vec<TransactionReport> {
    let mut walk = Walk { done: Vec::new(), open: None, next_mail: 0, mails, closed };
    exchanges.iter().for_each(|exchange| walk.take(exchange));
    walk.close(true);
    walk.done
}

struct Walk<'a> {
    done: Vec<TransactionReport>,
    open: Option<Open>,
    next_mail: usize,
    mails: &'a [MailReport],
    closed: bool,
}

/// A transaction under way.
struct Open {
    report: TransactionReport,
    /// Something is not answered.
    owed: bool,
    decided: bool,
}

impl Walk<'_> {
    fn take(&mut self, exchange: &ConversationExchange) {
        match exchange.verb.as_ref() {
            Some(Verb::Mail) => self.begin(exchange),
            Some(Verb::Rcpt) => self.recipient(exchange),
            Some(Verb::Data) => self.data(exchange),
            Some(Verb::Bdat) => self.chunk(exchange),
            Some(Verb::Message) => self.message(exchange),
            Some(Verb::Rset | Verb::Ehlo | Verb::Helo | Verb::Lhlo | Verb::Quit) => {
                self.close(false);
            }
            _ => {}
        }
    }

    fn begin(&mut self, exchange: &ConversationExchange) {
        self.close(false);
        let refused = exchange.reply.as_ref().filter(|reply| reply.class() >= 4);
        let report = TransactionReport {
            from: path(exchange),
            to: Vec::new(),
            rejected_to: Vec::new(),
            reply: refused.cloned(),
            frame: exchange.frame,
            t_ns: exchange.t_ns,
            outcome: if refused.is_some() { Outcome::Rejected } else { Outcome::NoMail },
            mail: None,
        };
        let owed = exchange.reply.is_none();
        self.open = Some(Open { report, owed, decided: refused.is_some() });
    }

    fn recipient(&mut self, exchange: &ConversationExchange) {
        let Some(open) = &mut self.open else { return };
        open.owed |= exchange.reply.is_none();
        match exchange.reply.as_ref().filter(|reply| reply.class() >= 4) {
            Some(reply) => {
                open.report.rejected_to.push(path(exchange));
                open.report.reply = Some(reply.clone());
            }
            None => open.report.to.push(path(exchange)),
        }
    }

    /// Where no recipient was accepted, DATA is refused for that alone (RFC 5321 §3.3): the replies to
    /// RCPT decided.
    fn data(&mut self, exchange: &ConversationExchange) {
        let decided = self.open.as_ref().and_then(|open| {
            let all_refused = open.report.to.is_empty() && !open.report.rejected_to.is_empty();
            open.report.reply.clone().filter(|_| all_refused)
        });
        self.refusal_of(exchange, 400);
        if let (Some(open), Some(reply)) = (&mut self.open, decided) {
            open.report.reply = Some(reply);
        }
    }

    fn refusal_of(&mut self, exchange: &ConversationExchange, from: u16) {
        let Some(open) = &mut self.open else { return };
        open.owed |= exchange.reply.is_none();
        if let Some(reply) = exchange.reply.as_ref().filter(|reply| reply.code >= from) {
            open.report.reply = Some(reply.clone());
            open.report.outcome = Outcome::Rejected;
            open.decided = true;
        }
    }

    fn chunk(&mut self, exchange: &ConversationExchange) {
        let command = exchange.command.as_deref().unwrap_or_default().to_ascii_uppercase();
        match command.ends_with(" LAST") {
            true => self.message(exchange),
            false => self.refusal_of(exchange, 400),
        }
    }

    fn message(&mut self, exchange: &ConversationExchange) {
        let Some(open) = &mut self.open else { return };
        open.report.mail = (self.next_mail < self.mails.len()).then_some(self.next_mail);
        self.next_mail += 1;
        let nobody = open.report.to.is_empty() && !open.report.rejected_to.is_empty();
        let reply = exchange.reply.as_ref();
        open.report.outcome = match reply.map(ReplyReport::class) {
            Some(2) if !nobody => Outcome::Delivered,
            Some(_) => Outcome::Rejected,
            None if self.closed => Outcome::Dropped,
            None => Outcome::Incomplete,
        };
        open.report.reply = reply.cloned().or_else(|| open.report.reply.take());
        open.decided = true;
        self.close(false);
    }

    /// The transaction is over, by a command or by the end of everything.
    fn close(&mut self, at_end: bool) {
        let Some(Open { mut report, owed, decided }) = self.open.take() else { return };
        if !decided {
            let all_refused = report.to.is_empty() && !report.rejected_to.is_empty();
            report.outcome = match (all_refused, at_end, owed || !report.to.is_empty()) {
                (true, ..) => Outcome::Rejected,
                (false, true, true) if self.closed => Outcome::Dropped,
                (false, true, true) => Outcome::Incomplete,
                _ => Outcome::NoMail,
            };
        }
        self.done.push(report);
    }
}

/// The address of a MAIL or RCPT, without brackets.
fn path(exchange: &ConversationExchange) -> String {
    let command = exchange.command.as_deref().unwrap_or_default();
    let behind = command.split_once(':').map_or("", |(_, behind)| behind.trim_start());
    let inner = behind.strip_prefix('<').and_then(|rest| rest.rsplit_once('>'));
    match inner {
        Some((address, _)) => address.to_owned(),
        None => behind.split_ascii_whitespace().next().unwrap_or_default().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(command: &str, code: Option<u16>) -> ConversationExchange {
        let reply = code.map(|code| ReplyReport {
            code,
            enhanced: None,
            lines: vec![format!("{code} x")],
            complete: true,
        });
        let verb = command.split(' ').next().and_then(|word| Verb::of(word.as_bytes()));
        ConversationExchange {
            command: Some(command.to_owned()),
            verb,
            reply,
            frame: Some(1),
            reply_frame: Some(2),
            t_ns: Some(0),
            latency_ns: None,
            encrypted: false,
        }
    }

    fn outcomes(exchanges: &[ConversationExchange], closed: bool) -> Vec<Outcome> {
        transactions(exchanges, &[], closed).iter().map(|one| one.outcome).collect()
    }

    #[test]
    fn each_mail_has_a_verdict_of_its_own() {
        let talk = [
            said("MAIL FROM:<a@b>", Some(250)),
            said("RCPT TO:<c@d>", Some(250)),
            said("DATA", Some(354)),
            said(".", Some(250)),
            said("MAIL FROM:<a@b> SIZE=9", Some(250)),
            said("RCPT TO:<e@f>", Some(550)),
            said("RSET", Some(250)),
            said("MAIL FROM:<>", Some(250)),
            said("RCPT TO:<g@h>", Some(250)),
            said("DATA", Some(354)),
            said(".", None),
        ];
        let expected = [Outcome::Delivered, Outcome::Rejected, Outcome::Dropped];
        assert_eq!(outcomes(&talk, true), expected);
        let told = transactions(&talk, &[], true);
        assert_eq!(
            (told[1].from.as_str(), told[1].rejected_to.as_slice()),
            ("a@b", &["e@f".to_owned()][..])
        );
        assert_eq!(told[2].from, "");
    }

    #[test]
    fn the_reply_to_rcpt_decides_where_data_is_refused_for_it() {
        let talk = [
            said("MAIL FROM:<a@b>", Some(250)),
            said("RCPT TO:<c@d>", Some(451)),
            said("DATA", Some(554)),
            said("QUIT", Some(221)),
        ];
        let [told] = &transactions(&talk, &[], true)[..] else { panic!("one transaction") };
        assert_eq!(told.outcome, Outcome::Rejected);
        assert_eq!(told.reply.as_ref().map(|reply| reply.code), Some(451));
    }

    #[test]
    fn a_message_for_nobody_is_not_delivered_and_a_capture_that_ends_says_so() {
        let nobody = [
            said("MAIL FROM:<a@b>", Some(250)),
            said("RCPT TO:<c@d>", Some(550)),
            said("DATA", Some(354)),
            said(".", Some(250)),
        ];
        assert_eq!(outcomes(&nobody, true), [Outcome::Rejected]);
        assert_eq!(outcomes(&[said("MAIL FROM:<a@b>", None)], false), [Outcome::Incomplete]);
        let given_up = [said("MAIL FROM:<a@b>", Some(250)), said("QUIT", Some(221))];
        assert_eq!(outcomes(&given_up, true), [Outcome::NoMail]);
    }
}
