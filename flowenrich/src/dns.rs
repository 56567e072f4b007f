//! Questions to name servers, many in flight, by the crate hickory-resolver on a thread of its own.
//!
//! Invariant: every question gets its answer, if only that there is none, so that whoever waits for it ends: within two
//! timeouts of a server that is silent, and at once after [`GIVE_UP`] silences in a row; then one question every
//! [`RETRY_AFTER`] tries whether the server is back. Names come as text, with a backslash before what is no letter, digit,
//! hyphen or underscore. Bounds: [`IN_FLIGHT`] questions, answers of the size of a message.

use crate::limit::{GIVE_UP, IN_FLIGHT, MOST_TTL, RETRY_AFTER};
use anyhow::{Context, bail};
use flow_record::item::Args;
use flow_record::value::Address;
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{
    ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::rr::RData;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{MissedTickBehavior, interval};

/// What is known of an address, once it is.
#[derive(Debug, Default)]
pub(crate) struct Answer(OnceLock<Known>);

/// A name, or that there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) name: Option<Box<str>>,
    /// How long that holds.
    pub(crate) until: Instant,
}

impl Answer {
    /// One that is known already.
    pub(crate) fn of(known: Known) -> Answer {
        Answer(OnceLock::from(known))
    }

    pub(crate) fn known(&self) -> Option<&Known> {
        self.0.get()
    }
}

/// Which servers are asked, and how.
#[derive(Clone, Debug)]
pub(crate) struct Servers {
    config: ResolverConfig,
    options: ResolverOpts,
    /// Questions a second; 0 is as many as there are.
    rate: u64,
    /// Their addresses, for messages.
    pub(crate) names: String,
}

impl Servers {
    /// Those of the parameters server, timeout and, where there is one, rate.
    ///
    /// # Errors
    /// A server that is no address; no server in the system's configuration.
    pub(crate) fn of(args: &Args) -> anyhow::Result<Servers> {
        let servers = args.list("server");
        let mut options = ResolverOpts::default();
        let mut all = Vec::new();
        if servers.is_empty() {
            let (config, _) = hickory_resolver::system_conf::read_system_conf().context("/etc/resolv.conf")?;
            all.extend(config.name_servers().iter().map(|server| (server.ip, 53)));
            if all.is_empty() {
                bail!("/etc/resolv.conf names no server; server=ADDRESS does");
            }
        }
        for text in &servers {
            let alone = text.parse::<IpAddr>().map(|ip| (ip, 53));
            let both = || text.parse::<SocketAddr>().map(|s| (s.ip(), s.port()));
            all.push(alone.or_else(|_| both()).with_context(|| format!("server: {text:?} is no address"))?);
        }
        let connections = |port| {
            [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
                connection.port = port;
                connection
            })
        };
        let server = |(ip, port): &(IpAddr, u16)| NameServerConfig::new(*ip, true, connections(*port).into());
        let config = ResolverConfig::from_parts(None, Vec::new(), all.iter().map(server).collect());
        options.timeout = Duration::from_nanos(args.duration("timeout"));
        options.attempts = 1;
        options.cache_size = 0;
        options.use_hosts_file = ResolveHosts::Never;
        options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
        options.max_active_requests = IN_FLIGHT;
        options.try_tcp_on_error = false;
        let rate = if args.spec.param("rate").is_some() { args.integer("rate") } else { 0 };
        let names: Vec<_> = all.iter().map(|(ip, _)| ip.to_string()).collect();
        Ok(Servers { config, options, rate, names: names.join(", ") })
    }

    fn resolver(&self) -> anyhow::Result<TokioResolver> {
        let provider = TokioRuntimeProvider::default();
        let builder = TokioResolver::builder_with_config(self.config.clone(), provider);
        builder.with_options(self.options.clone()).build().context("the resolver cannot be made")
    }
}

fn runtime() -> anyhow::Result<Runtime> {
    Builder::new_current_thread().enable_all().build().context("the resolver cannot be started")
}

/// How the servers are doing.
#[derive(Debug, Default)]
struct Health {
    /// Silences since the last answer.
    silent: AtomicU32,
    /// When a silent server is asked again.
    again: Mutex<Option<Instant>>,
    unanswered: AtomicU64,
}

impl Health {
    /// Whether a question may be asked now.
    fn is_up(&self) -> bool {
        if self.silent.load(Ordering::Relaxed) < GIVE_UP {
            return true;
        }
        let mut again = self.again.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = again.is_none_or(|again| again <= Instant::now());
        if is_due {
            *again = Some(Instant::now() + RETRY_AFTER);
        }
        is_due
    }

    fn hear(&self) {
        self.silent.store(0, Ordering::Relaxed);
    }

    fn miss(&self) {
        if self.silent.fetch_add(1, Ordering::Relaxed) + 1 == GIVE_UP {
            *self.again.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + RETRY_AFTER);
        }
    }
}

/// One address to be asked for.
struct Question {
    address: Address,
    answer: Arc<Answer>,
}

/// The side of whoever asks.
pub(crate) struct Asker {
    questions: mpsc::UnboundedSender<Question>,
    done: Receiver<()>,
    open: usize,
    health: Arc<Health>,
}

impl Asker {
    /// Starts the thread that asks.
    ///
    /// # Errors
    /// The system gives no thread or no sockets.
    pub(crate) fn start(servers: &Servers) -> anyhow::Result<Asker> {
        let (questions, from_asker) = mpsc::unbounded_channel();
        let (to_asker, done) = channel();
        let health = Arc::new(Health::default());
        let (servers, shared, runtime) = (servers.clone(), Arc::clone(&health), runtime()?);
        // Not joined: it may be waiting for an answer that never comes.
        std::thread::Builder::new()
            .name("dns".into())
            .spawn(move || runtime.block_on(serve(&servers, from_asker, to_asker, &shared)))?;
        Ok(Asker { questions, done, open: 0, health })
    }

    /// Asks for the name of an address.
    pub(crate) fn ask(&mut self, address: Address) -> Arc<Answer> {
        let answer = Arc::new(Answer::default());
        let question = Question { address, answer: Arc::clone(&answer) };
        if self.questions.send(question).is_ok() {
            self.open += 1;
        } else {
            let _ = answer.0.set(Known { name: None, until: Instant::now() });
        }
        answer
    }

    /// Waits until no more than so many questions are open; says whether it had to.
    pub(crate) fn wait(&mut self, most: usize) -> bool {
        while self.done.try_recv().is_ok() {
            self.open = self.open.saturating_sub(1);
        }
        let has_waited = self.open > most;
        while self.open > most {
            match self.done.recv() {
                Ok(()) => self.open -= 1,
                Err(_) => self.open = 0,
            }
        }
        has_waited
    }

    /// Questions to which no answer came.
    pub(crate) fn unanswered(&self) -> u64 {
        self.health.unanswered.load(Ordering::Relaxed)
    }
}

async fn serve(
    servers: &Servers,
    mut questions: mpsc::UnboundedReceiver<Question>,
    done: Sender<()>,
    health: &Arc<Health>,
) {
    let room = Arc::new(Semaphore::new(IN_FLIGHT));
    let resolver = servers.resolver().ok();
    let period = Duration::from_secs(1).checked_div(servers.rate as u32).unwrap_or_default();
    let mut clock = (!period.is_zero()).then(|| interval(period));
    if let Some(clock) = &mut clock {
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    }
    while let Some(Question { address, answer }) = questions.recv().await {
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else { break };
        let (Some(resolver), true) = (resolver.clone(), health.is_up()) else {
            health.unanswered.fetch_add(1, Ordering::Relaxed);
            let _ = answer.0.set(Known { name: None, until: Instant::now() + RETRY_AFTER });
            let _ = done.send(());
            continue;
        };
        if let Some(clock) = &mut clock {
            clock.tick().await;
        }
        let (done, health) = (done.clone(), Arc::clone(health));
        tokio::spawn(async move {
            let known = name_of(&resolver, address, &health).await;
            // It was not set before.
            let _ = answer.0.set(known);
            let _ = done.send(());
            drop(permit);
        });
    }
}

/// Asks for the name of one address; of several the first in the order of letters, so that it is always the same.
async fn name_of(resolver: &TokioResolver, address: Address, health: &Health) -> Known {
    let now = Instant::now();
    let most = now + MOST_TTL;
    match resolver.reverse_lookup(address.0).await {
        Ok(lookup) => {
            health.hear();
            let names = lookup.answers().iter().filter_map(|record| match &record.data {
                RData::PTR(name) => Some(name.0.to_ascii()),
                _ => None,
            });
            let name = names.map(|name| name.trim_end_matches('.').to_owned()).filter(|name| !name.is_empty()).min();
            Known { name: name.map(Into::into), until: lookup.valid_until().min(most) }
        }
        Err(NetError::Dns(error)) => {
            health.hear();
            let ttl = match error {
                DnsError::NoRecordsFound(none) => none.negative_ttl.map(|s| Duration::from_secs(s.into())),
                _ => None,
            };
            Known { name: None, until: (now + ttl.unwrap_or(RETRY_AFTER)).min(most) }
        }
        Err(_) => {
            health.miss();
            health.unanswered.fetch_add(1, Ordering::Relaxed);
            Known { name: None, until: now + RETRY_AFTER }
        }
    }
}

/// The addresses of names, in the order of the names; of one that has none, why.
///
/// # Errors
/// The resolver cannot be started.
pub(crate) fn addresses(servers: &Servers, names: &[String]) -> anyhow::Result<Vec<Result<Vec<Address>, String>>> {
    runtime()?.block_on(async {
        let resolver = servers.resolver()?;
        let room = Arc::new(Semaphore::new(IN_FLIGHT));
        let mut tasks = Vec::new();
        for name in names {
            let (resolver, room, name) =
                (resolver.clone(), Arc::clone(&room), format!("{}.", name.trim_end_matches('.')));
            tasks.push(tokio::spawn(async move {
                let _permit = room.acquire_owned().await;
                match resolver.lookup_ip(name).await {
                    Ok(found) => Ok(found.iter().map(Address).collect()),
                    Err(e) if e.is_no_records_found() => Err("it has no address".to_owned()),
                    Err(e) => Err(e.to_string()),
                }
            }));
        }
        let mut all = Vec::new();
        for task in tasks {
            all.push(task.await.context("the resolver broke off")?);
        }
        Ok(all)
    })
}
