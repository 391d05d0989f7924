//! What a connection is for: by what is said where it is plain, else by its port.

/// What a connection is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Service {
    /// RFC 1413.
    Ident,
    /// Sendmail's filter protocol.
    Milter,
    /// Postfix's policy delegation.
    Policy,
    /// RFC 2033.
    Lmtp,
    /// RFC 5321.
    Smtp,
    /// RFC 4511.
    Ldap,
    /// MySQL, PostgreSQL.
    Sql,
    /// RFC 7858 and DNS over TCP.
    Dns,
    /// HTTP over TLS.
    Https,
    /// HTTP.
    Http,
    /// SpamAssassin, rspamd, ClamAV.
    Scanner,
    /// Redis, memcached.
    Cache,
    /// Nothing that is known.
    #[default]
    Tcp,
}

/// Registered ports (IANA), and the usual ones of programs beside mail servers.
const PORTS: &[(u16, Service)] = &[
    (24, Service::Lmtp),
    (25, Service::Smtp),
    (53, Service::Dns),
    (80, Service::Http),
    (113, Service::Ident),
    (389, Service::Ldap),
    (443, Service::Https),
    (465, Service::Smtp),
    (587, Service::Smtp),
    (636, Service::Ldap),
    (783, Service::Scanner),
    (853, Service::Dns),
    (3306, Service::Sql),
    (3310, Service::Scanner),
    (5432, Service::Sql),
    (6379, Service::Cache),
    (11211, Service::Cache),
    (11332, Service::Scanner),
    (11333, Service::Scanner),
    (11334, Service::Scanner),
];

impl Service {
    /// By the server's port, and the first bytes that its client said.
    #[must_use]
    pub fn of(port: u16, said: &[u8]) -> Self {
        let by_port = PORTS.iter().find(|(known, _)| *known == port).map(|(_, service)| *service);
        by_content(said).or(by_port).unwrap_or_default()
    }

    /// Its name in `related[].kind`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ident => "ident",
            Self::Milter => "milter",
            Self::Policy => "policy",
            Self::Lmtp => "lmtp",
            Self::Smtp => "smtp",
            Self::Ldap => "ldap",
            Self::Sql => "sql",
            Self::Dns => "dns",
            Self::Https => "https",
            Self::Http => "http",
            Self::Scanner => "scanner",
            Self::Cache => "cache",
            Self::Tcp => "tcp",
        }
    }

    /// What a sentence calls who offers it.
    #[must_use]
    pub fn server(self) -> &'static str {
        match self {
            Self::Ident => "ident (RFC 1413)",
            Self::Milter => "the milter",
            Self::Policy => "the policy server",
            Self::Lmtp => "LMTP",
            Self::Smtp => "SMTP",
            Self::Ldap => "LDAP",
            Self::Sql => "the SQL server",
            Self::Dns => "DNS over TCP",
            Self::Https => "HTTPS",
            Self::Http => "HTTP",
            Self::Scanner => "the content scanner",
            Self::Cache => "the cache",
            Self::Tcp => "the server",
        }
    }
}

fn by_content(said: &[u8]) -> Option<Service> {
    let begins = |text: &str| {
        said.get(..text.len()).is_some_and(|head| head.eq_ignore_ascii_case(text.as_bytes()))
    };
    // SMFIC_OPTNEG: a length of 13 or more, `O`, and a version of 2 or more.
    let is_milter = matches!(*said, [0, 0, 0, 13..=u8::MAX, b'O', 0, 0, 0, 2..=u8::MAX, ..]);
    let service = match said {
        _ if is_milter => Service::Milter,
        _ if begins("request=smtpd_access_policy") => Service::Policy,
        _ if begins("LHLO ") => Service::Lmtp,
        _ if begins("EHLO ") || begins("HELO ") => Service::Smtp,
        _ if begins("GET /") || begins("POST /") => Service::Http,
        _ => return None,
    };
    Some(service)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_says_more_than_a_port() {
        assert_eq!(Service::of(10031, b"request=smtpd_access_policy\n"), Service::Policy);
        assert_eq!(Service::of(25, b"LHLO a\r\n"), Service::Lmtp);
        let negotiation = [0, 0, 0, 13, b'O', 0, 0, 0, 6, 0, 0, 1, 0xff];
        assert_eq!(Service::of(8891, &negotiation), Service::Milter);
        assert_eq!(Service::of(5432, &[0, 0, 0, 8]), Service::Sql);
        assert_eq!(Service::of(4711, b"hello"), Service::Tcp);
    }
}
