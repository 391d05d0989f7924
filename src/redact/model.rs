//! Where in the model names and addresses stand.

use super::redactor::Redactor;
use super::text::Source;
use crate::report::Tunnel;
use crate::report::also_seen::AlsoSeen;
use crate::report::codes::Code;
use crate::report::decryption::Decryption;
use crate::report::diagnosis::{Cause, Diagnosis};
use crate::report::document::KeyReport;
use crate::report::endpoint::Endpoint;
use crate::report::exchange::{ConversationExchange, ReplyReport};
use crate::report::findings::Finding;
use crate::report::mail::{DkimReport, MailReport, PartReport, RecipientReport};
use crate::report::proxy::ProxyReport;
use crate::report::quality::{Checksums, Quality, Sender};
use crate::report::reason::Reason;
use crate::report::session::SessionReport;
use crate::report::smtp::{AuthReport, GreetingReport, Helo, SmtpReport};
use crate::report::timeline::{TimelineEntry, TimelineEvent};
use crate::report::tls::{
    CertificateReport, ClientHelloReport, OriginReport, ResumptionReport, ServerHelloReport,
    TlsReport,
};
use crate::report::transaction::TransactionReport;
use crate::report::validation::{DaneReport, Validation};
use crate::smtp::{Parameters, Verb};

impl Redactor {
    /// Puts pseudonyms into what is told of keys. Names of files are the user's own and stay.
    pub fn keys(&mut self, keys: &mut [KeyReport]) {
        for key in keys {
            let KeyReport { source: _, path: _, bits: _, spki_sha256, sessions_opened: _, note } =
                key;
            spki_sha256.iter_mut().for_each(|hex| *hex = self.names.fingerprint(hex));
            note.iter_mut().for_each(|note| self.ours(note));
        }
    }

    /// Puts pseudonyms into findings that belong to no session.
    pub fn findings(&mut self, findings: &mut [Finding]) {
        findings.iter_mut().for_each(|finding| self.finding(finding));
    }

    /// Puts pseudonyms into a session.
    pub fn session(&mut self, session: &mut SessionReport) {
        let SessionReport {
            id: _,
            client,
            server,
            also_seen,
            protocol: _,
            start: _,
            duration_ns: _,
            frames: _,
            outcome: _,
            proxy,
            tunnel,
            tcp: _,
            tls,
            smtp,
            timeline,
            timing: _,
            diagnosis,
            findings,
            related,
            transcript,
            initial: _,
        } = session;
        // Bytes as they were said have no place for pseudonyms.
        *transcript = None;
        self.phrases.clear();
        self.endpoint(client);
        self.endpoint(server);
        for AlsoSeen { kind: _, client, server, frames: _, latency_ns: _ } in also_seen {
            self.endpoint(client);
            self.endpoint(server);
        }
        if let Some(ProxyReport { version: _, source, destination }) = proxy {
            source.iter_mut().chain(destination).for_each(|end| self.wire(end));
        }
        if let Some(Tunnel { protocol: _, target, port: _ }) = tunnel {
            self.target(target);
        }
        // What the others quote comes first.
        smtp.iter_mut().for_each(|smtp| self.smtp(smtp));
        tls.iter_mut().for_each(|tls| self.tls(tls));
        timeline.iter_mut().for_each(|entry| self.entry(entry));
        diagnosis.iter_mut().for_each(|diagnosis| self.diagnosis(diagnosis));
        findings.iter_mut().for_each(|finding| self.finding(finding));
        related.iter_mut().for_each(|related| self.related(related));
    }

    fn endpoint(&mut self, end: &mut Endpoint) {
        end.0 = self.end(end.0);
    }

    /// `host:port`.
    fn target(&mut self, target: &mut String) {
        *target = match target.rsplit_once(':') {
            Some((host, port)) => format!("{}:{port}", self.host(host)),
            None => self.host(target),
        };
    }

    fn tls(&mut self, tls: &mut TlsReport) {
        let TlsReport {
            mode: _,
            version: _,
            cipher_suite: _,
            cipher_suite_id: _,
            cipher_suite_openssl: _,
            key_exchange: _,
            client_hello,
            server_hello,
            group: _,
            alpn,
            certificates,
            client_certificates,
            timestamps: _,
            validation,
            client_validation,
            staple,
            resumed: _,
            resumption,
            new_ticket: _,
            extended_master_secret: _,
            encrypt_then_mac: _,
            client_certificate_requested: _,
            client_certificate_sent: _,
            renegotiations: _,
            alerts: _,
            handshake_complete: _,
            decryption,
            has_application_data: _,
            suite: _,
        } = tls;
        client_hello.iter_mut().for_each(|hello| self.client_hello(hello));
        if let Some(ServerHelloReport { extensions: _, session_id: _, ja3s: _ }) = server_hello {}
        certificates.iter_mut().for_each(|certificate| self.certificate(certificate));
        client_certificates.iter_mut().for_each(|certificate| self.certificate(certificate));
        alpn.iter_mut().for_each(|name| self.wire(name));
        *staple = Vec::new();
        validation.iter_mut().for_each(|validation| self.validation(validation));
        client_validation.iter_mut().for_each(|validation| self.validation(validation));
        if let Some(ResumptionReport { handle: _, before_frame: _, origin }) = resumption
            && let Some(OriginReport { client: Some(client), frame: _ }) = origin
        {
            self.endpoint(client);
        }
        self.decryption(decryption);
    }

    fn client_hello(&mut self, hello: &mut ClientHelloReport) {
        let ClientHelloReport {
            version: _,
            server_name,
            cipher_suites: _,
            cipher_suite_ids: _,
            extensions: _,
            groups: _,
            signature_algorithms: _,
            alpn,
            supported_versions: _,
            random: _,
            session_id: _,
            ssl2_format: _,
            ja3: _,
            ja4: _,
        } = hello;
        server_name.iter_mut().for_each(|name| *name = self.host(name));
        alpn.iter_mut().for_each(|name| self.wire(name));
    }

    /// Certificates are public: their hashes and numbers find their names.
    fn certificate(&mut self, certificate: &mut CertificateReport) {
        let CertificateReport {
            subject,
            issuer,
            subject_alt_names,
            not_before: _,
            not_after: _,
            serial,
            key_algorithm: _,
            key_bits: _,
            sha256,
            spki_sha256,
            signature_algorithm: _,
            is_ca: _,
            path_length: _,
            key_usage: _,
            extended_key_usage: _,
            subject_key_id,
            authority_key_id,
            der,
        } = certificate;
        *der = std::sync::Arc::default();
        self.distinguished(subject);
        self.distinguished(issuer);
        subject_alt_names.iter_mut().for_each(|name| *name = self.host(name));
        let ids = subject_key_id.iter_mut().chain(authority_key_id);
        for hex in [serial, sha256, spki_sha256].into_iter().chain(ids) {
            *hex = self.names.fingerprint(hex);
        }
    }

    /// What certificates are called is replaced first, so that the sentences that quote it follow. Names of
    /// files stay.
    fn validation(&mut self, validation: &mut Validation) {
        let Validation {
            status: _,
            reason,
            message,
            certificate: _,
            name,
            name_from: _,
            trust: _,
            path,
            problems,
            notes,
            peer: _,
            staple: _,
            dane,
            mta_sts,
        } = validation;
        name.iter_mut().for_each(|name| *name = self.host(name));
        path.iter_mut().for_each(|step| self.distinguished(&mut step.subject));
        problems.iter_mut().for_each(|problem| self.distinguished(&mut problem.subject));
        if let Some(sts) = mta_sts {
            sts.mx = self.host(&sts.mx);
            self.ours(&mut sts.message);
        }
        if let Some(dane) = dane {
            self.dane(dane);
        }
        for problem in problems {
            self.quoting(&mut problem.message, speaker(Some(problem.reason)));
        }
        notes.iter_mut().for_each(|note| self.ours(note));
        self.quoting(message, speaker(*reason));
    }

    /// The digests of records find the certificate as its fingerprint does.
    fn dane(&mut self, dane: &mut DaneReport) {
        let host = dane.owner.trim_end_matches('.').splitn(3, '.').nth(2).unwrap_or_default();
        let (host, pseudonym) = (host.to_owned(), self.host(host));
        dane.owner = dane.owner.replace(&host, &pseudonym);
        dane.would_match = dane.owner.clone();
        for record in &mut dane.records {
            let digest = record.record.rsplit(' ').next().unwrap_or_default().to_owned();
            let safe = self.names.fingerprint(&digest);
            record.record = record.record.replace(&digest, &safe);
            dane.message = dane.message.replace(&digest, &safe);
        }
        self.ours(&mut dane.message);
    }

    fn decryption(&mut self, decryption: &mut Decryption) {
        let Decryption {
            status: _,
            reason: _,
            secret: _,
            key: _,
            finished_verified: _,
            records: _,
            bytes: _,
            protected_records: _,
            records_failed: _,
            evidence,
            hint,
        } = decryption;
        self.ours(evidence);
        hint.iter_mut().for_each(|hint| self.ours(hint));
    }

    fn smtp(&mut self, smtp: &mut SmtpReport) {
        let SmtpReport {
            greeting,
            helo,
            extensions,
            starttls: _,
            auth,
            exchanges,
            omitted_exchanges: _,
            mails,
            transactions,
        } = smtp;
        if let Some(GreetingReport { code: _, text }) = greeting {
            self.meet_server(text);
            self.wire(text);
        }
        if let Some(Helo { verb: _, name }) = helo {
            *name = self.host(name);
        }
        if let Some(AuthReport { mechanism: _, user: Some(user), result: _ }) = auth {
            *user = self.names.mailbox(user);
        }
        extensions.iter_mut().for_each(|keyword| self.wire(keyword));
        mails.iter_mut().for_each(|mail| self.mail(mail));
        transactions.iter_mut().for_each(|transaction| self.transaction(transaction));
        exchanges.iter_mut().for_each(|exchange| self.exchange(exchange));
    }

    fn transaction(&mut self, transaction: &mut TransactionReport) {
        let TransactionReport {
            from,
            to,
            rejected_to,
            reply,
            frame: _,
            t_ns: _,
            outcome: _,
            mail: _,
        } = transaction;
        let paths = std::iter::once(from).chain(to).chain(rejected_to);
        paths.for_each(|path| *path = self.names.mailbox(path));
        reply.iter_mut().for_each(|reply| self.reply(reply));
    }

    fn exchange(&mut self, exchange: &mut ConversationExchange) {
        let ConversationExchange {
            command,
            verb,
            reply,
            frame: _,
            reply_frame: _,
            t_ns: _,
            latency_ns: _,
            encrypted: _,
        } = exchange;
        command.iter_mut().for_each(|line| *line = self.command(line));
        let greets = verb.as_ref().is_none_or(Verb::is_hello);
        if let Some(first) = reply.as_ref().filter(|_| greets).and_then(|r| r.lines.first()) {
            self.meet_server(first.get(4..).unwrap_or_default());
        }
        // What is no command may be anything.
        if let Some(Verb::Other(word)) = verb {
            let mut safe = word.to_string();
            self.wire(&mut safe);
            *word = safe.into();
        }
        reply.iter_mut().for_each(|reply| self.reply(reply));
    }

    fn reply(&mut self, reply: &mut ReplyReport) {
        let ReplyReport { code: _, enhanced: _, lines, complete: _ } = reply;
        lines.iter_mut().for_each(|line| *line = self.reply_line(line));
    }

    fn mail(&mut self, mail: &mut MailReport) {
        let MailReport {
            from,
            to,
            rejected_to,
            parameters,
            recipients,
            omitted_recipients: _,
            transfer: _,
            bytes: _,
            sha256: _,
            reply,
            queue_id: _,
            message_id,
            subject,
            date: _,
            header_from,
            header_to,
            header_cc,
            parts,
            dkim,
            encrypted: _,
            complete: _,
            frame: _,
            t_ns: _,
            end_frame: _,
            confirmed: _,
            begun_at: _,
            end_at: _,
            reply_at: _,
            body,
        } = mail;
        let paths = from.iter_mut().chain(to).chain(rejected_to);
        paths.for_each(|path| *path = self.names.mailbox(path));
        self.parameters(parameters);
        recipients.iter_mut().for_each(|recipient| self.recipient(recipient));
        reply.iter_mut().for_each(|reply| self.reply(reply));
        message_id.iter_mut().chain(subject).chain(body).for_each(|text| self.wire(text));
        let headers = header_from.iter_mut().chain(header_to).chain(header_cc);
        headers.for_each(|address| *address = self.header_address(address));
        parts.iter_mut().for_each(|part| self.part(part));
        for DkimReport { domain, selector: _, algorithm: _, body_hash: _ } in dkim {
            *domain = self.host(domain);
        }
    }

    /// `name <address>`: the name is left out.
    fn header_address(&mut self, written: &str) -> String {
        match written.rsplit_once('<').and_then(|(_, rest)| rest.strip_suffix('>')) {
            Some(address) => self.names.mailbox(address),
            None => self.names.mailbox(written),
        }
    }

    fn recipient(&mut self, recipient: &mut RecipientReport) {
        let RecipientReport { address, accepted: _, parameters, reply, delivery } = recipient;
        *address = self.names.mailbox(address);
        self.parameters(parameters);
        reply.iter_mut().chain(delivery).for_each(|reply| self.reply(reply));
    }

    fn parameters(&mut self, parameters: &mut Parameters) {
        parameters.values_mut().flatten().for_each(|value| self.wire(value));
    }

    fn part(&mut self, part: &mut PartReport) {
        let PartReport {
            part: _,
            content_type: _,
            name,
            disposition: _,
            transfer_encoding: _,
            encoded_bytes: _,
            bytes: _,
            sha256: _,
        } = part;
        name.iter_mut().for_each(|name| self.ours(name));
    }

    fn entry(&mut self, entry: &mut TimelineEntry) {
        let TimelineEntry { event, from: _, frame: _, t_ns: _, detail: Some(detail), at: _ } =
            entry
        else {
            return;
        };
        *detail = match *event {
            TimelineEvent::SmtpCommand => self.command(detail),
            TimelineEvent::SmtpReply
            | TimelineEvent::SmtpGreeting
            | TimelineEvent::SmtpStarttlsReply => self.reply_line(detail),
            _ => self.text(detail, Source::Ours),
        };
    }

    fn finding(&mut self, finding: &mut Finding) {
        let Finding { code, severity: _, frame: _, message, hint } = finding;
        self.sentence(*code, message);
        hint.iter_mut().for_each(|hint| self.ours(hint));
    }

    fn diagnosis(&mut self, diagnosis: &mut Diagnosis) {
        let Diagnosis { cause, alternatives } = diagnosis;
        for Cause { code, likelihood: _, message, frame: _, hint } in
            std::iter::once(cause).chain(alternatives)
        {
            self.sentence(*code, message);
            hint.iter_mut().for_each(|hint| self.ours(hint));
        }
    }

    /// Most findings quote what came off the wire, which may stand nowhere else. Verdicts and what
    /// is said of captures and keys name files.
    fn sentence(&mut self, code: Code, message: &mut String) {
        let is_verdict = || Reason::ALL.iter().any(|reason| reason.finding() == code);
        let names_files = matches!(code.area(), "capture" | "keys") || is_verdict();
        self.quoting(message, if names_files { Source::Ours } else { Source::Wire });
    }

    /// Puts pseudonyms into what is told of the capture.
    pub fn quality(&mut self, quality: &mut Quality) {
        let Quality {
            packets: _,
            tcp_segments: _,
            dropped: _,
            duplicate_packets: _,
            lost_bytes: _,
            sessions_with_loss: _,
            one_sided_sessions: _,
            snaplen_truncated: _,
            checksums: Checksums { checked: _, wrong: _, senders },
            clock_steps: _,
            unsupported_link_types: _,
            damaged_places: _,
            skipped_bytes: _,
        } = quality;
        for Sender { ip, checked: _, wrong: _ } in senders {
            *ip = self.addresses.pseudonym(*ip);
        }
    }
}

/// Whose names stand in a reason: constraints name domains that stand nowhere else in the report.
fn speaker(reason: Option<&str>) -> Source {
    if reason == Some("name_constraints") { Source::Wire } else { Source::Ours }
}
