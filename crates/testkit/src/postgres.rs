//! A private PostgreSQL cluster: found, made, started, killed and removed without touching any other on the machine. For tests, the
//! developer's commands and benchmarks alike; it needs the standard library only. What is stored in it is no matter of this file.

use std::fs;
use std::io::{self, BufRead as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// The variable with the URL of a cluster's maintenance database, whose user may make databases. `cargo xtask test` sets it.
pub const URL_VARIABLE: &str = "EARMARK_POSTGRES";
/// The variable with the folder of the server programs, where they stand at an unusual place.
pub const PROGRAMS_VARIABLE: &str = "EARMARK_POSTGRES_BIN";

/// How long a start, with recovery after a kill, or an end may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often the state of the server is looked at meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// Who may run a server when we are root, whom PostgreSQL refuses: the first that the machine knows.
const UNPRIVILEGED: [&str; 2] = ["postgres", "nobody"];
/// What stays at the end, whatever becomes of us: waits until our end of its pipe closes, stops the server, removes the folder.
const KEEPER: &str = "trap '' INT TERM HUP; read -r _; \
    if pid=$(head -n 1 \"$1/data/postmaster.pid\" 2>/dev/null); then \
        kill -QUIT \"$pid\" 2>/dev/null; \
        n=0; while kill -0 \"$pid\" 2>/dev/null && [ $n -lt 600 ]; do sleep 0.05; n=$((n+1)); done; \
    fi; rm -rf \"$1\"";

/// A cluster of our own: on a socket in its folder for whoever may enter it, and on a free port of loopback with a password. As durable
/// as the defaults of PostgreSQL make it. Dropped (or its process killed), it is stopped and removed.
pub struct Cluster {
    programs: PathBuf,
    folder: PathBuf,
    user: Option<User>,
    port: u16,
    password: String,
    server: Option<Child>,
    keeper: Child,
}

/// Somebody else whom the server runs as.
struct User {
    name: &'static str,
    uid: u32,
    gid: u32,
}

impl Cluster {
    /// Makes and starts a cluster. `settings` are added to its configuration, a line each.
    pub fn start(settings: &[&str]) -> io::Result<Cluster> {
        let programs = programs()?;
        let user = if is_root() { Some(unprivileged()?) } else { None };
        let folder = new_folder(user.as_ref())?;
        let keeper = keep(&folder)?;
        let port = free_port()?;
        let mut cluster = Cluster { programs, folder, user, port, password: random_text()?, server: None, keeper };
        cluster.make(settings)?;
        cluster.run()?;
        Ok(cluster)
    }

    fn make(&self, settings: &[&str]) -> io::Result<()> {
        let password = self.folder.join("password");
        fs::write(&password, &self.password)?;
        self.own(&password)?;
        let words = ["--username=postgres", "--auth-local=trust", "--auth-host=scram-sha-256", "--encoding=UTF8"];
        let mut initdb = self.program("initdb");
        initdb.args(words).args(["--locale=C", "--no-sync", "--pwfile"]).arg(&password);
        let made = initdb.arg("--pgdata").arg(self.data()).output()?;
        if !made.status.success() {
            return Err(failed(format!("initdb: {}", String::from_utf8_lossy(&made.stderr))));
        }
        let mut text = fs::OpenOptions::new().append(true).open(self.data().join("postgresql.conf"))?;
        writeln!(text, "listen_addresses = '127.0.0.1'\nport = {}", self.port)?;
        writeln!(text, "unix_socket_directories = '{}'", self.folder.display())?;
        writeln!(text, "fsync = on\nfull_page_writes = on\nsynchronous_commit = on\nmax_connections = 200")?;
        // The same sync after a crash, in one call instead of one a file.
        writeln!(text, "recovery_init_sync_method = syncfs")?;
        settings.iter().try_for_each(|line| writeln!(text, "{line}"))
    }

    /// Starts the server; after [`Cluster::kill`] too.
    pub fn run(&mut self) -> io::Result<()> {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            let log = fs::OpenOptions::new().create(true).append(true).open(self.log())?;
            let mut server = self.program("postgres");
            server.arg("-D").arg(self.data()).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
            // A Ctrl-C is for us; the keeper ends the server after us.
            std::os::unix::process::CommandExt::process_group(&mut server, 0);
            let mut server = server.spawn()?;
            while server.try_wait()?.is_none() && began.elapsed() < PATIENCE {
                if self.is_ready(server.id()) {
                    self.server = Some(server);
                    return Ok(());
                }
                sleep(LOOK_EVERY);
            }
            // It ended: shortly after a kill, what is left of the old server may still hold its memory.
            server.kill().and_then(|()| server.wait()).map(drop).unwrap_or_default();
            sleep(LOOK_EVERY);
        }
        Err(failed(format!("the server does not start:\n{}", fs::read_to_string(self.log()).unwrap_or_default())))
    }

    /// Whether the server says that it takes connections: the eighth line of its lock file.
    fn is_ready(&self, pid: u32) -> bool {
        let text = fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
        let mut lines = text.lines();
        lines.next() == Some(pid.to_string().as_str()) && lines.nth(6).is_some_and(|state| state.trim() == "ready")
    }

    /// Kills the server and all its processes with SIGKILL, at once.
    pub fn kill(&mut self) -> io::Result<()> {
        let Some(mut server) = self.server.take() else { return Ok(()) };
        let pid = server.id();
        // Stopped first, so that it neither starts another process nor tidies up while we look.
        signal("STOP", &[pid])?;
        let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"))?;
        let mut all: Vec<u32> = children.split_whitespace().filter_map(|child| child.parse().ok()).collect();
        all.push(pid);
        // Some child may have ended by itself meanwhile.
        signal("KILL", &all).unwrap_or_default();
        server.wait().map(drop)
    }

    /// Stops the server as an administrator does who cannot wait for its clients ("fast"): transactions are rolled back.
    pub fn stop(&mut self) -> io::Result<()> {
        let Some(mut server) = self.server.take() else { return Ok(()) };
        signal("INT", &[server.id()])?;
        server.wait().map(drop)
    }

    /// Sends a signal such as `STOP` or `CONT` to the server and all its processes: it goes silent, and speaks again.
    pub fn signal_all(&self, name: &str) -> io::Result<()> {
        let Some(server) = &self.server else { return Ok(()) };
        let pid = server.id();
        let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"))?;
        let all: Vec<u32> = children.split_whitespace().filter_map(|child| child.parse().ok()).chain([pid]).collect();
        signal(name, &all)
    }

    /// URL of a database by the socket in the cluster's folder: no password is asked.
    pub fn url(&self, database: &str) -> String {
        let folder = self.folder.display().to_string().replace('/', "%2F");
        format!("postgres://postgres@{folder}:{}/{database}", self.port)
    }

    /// URL of a database by TCP through a port of loopback, the server's own or a proxy's, with the password.
    pub fn tcp_url(&self, port: u16, database: &str) -> String {
        format!("postgres://postgres:{}@127.0.0.1:{port}/{database}?sslmode=disable", self.password)
    }

    /// The port of loopback that it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Folder of its data.
    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// File that everything it says is written to.
    pub fn log(&self) -> PathBuf {
        self.folder.join("log")
    }

    /// A server program, to be run as whoever may run it.
    fn program(&self, name: &str) -> Command {
        let path = self.programs.join(name);
        let mut command = match &self.user {
            Some(user) => {
                let mut command = Command::new("setpriv");
                command.args([format!("--reuid={}", user.uid), format!("--regid={}", user.gid)]);
                command.arg("--clear-groups").arg("--").arg(path);
                command
            }
            None => Command::new(path),
        };
        // Nothing of our own surroundings: PGDATA, PGHOST, locale.
        command.env_clear().env("PATH", "/usr/bin:/bin").env("LC_ALL", "C").current_dir("/");
        command
    }

    fn own(&self, path: &Path) -> io::Result<()> {
        own(self.user.as_ref(), path)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // At its end the keeper does the rest; a failure here cannot be told to anybody.
        drop(self.keeper.stdin.take());
        if let Some(mut server) = self.server.take() {
            let _ = server.wait();
        }
        let _ = self.keeper.wait();
    }
}

/// The folder of the server programs.
pub fn programs() -> io::Result<PathBuf> {
    let has = |folder: &Path| folder.join("postgres").is_file() && folder.join("initdb").is_file();
    let named = std::env::var_os(PROGRAMS_VARIABLE).map(PathBuf::from);
    let mut places: Vec<PathBuf> = named.into_iter().collect();
    if let Ok(told) = Command::new("pg_config").arg("--bindir").output() {
        places.push(PathBuf::from(String::from_utf8_lossy(&told.stdout).trim()));
    }
    let mut versions: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin"))
        .collect();
    versions.sort();
    places.extend(versions.into_iter().rev());
    places.extend(std::env::var_os("PATH").iter().flat_map(std::env::split_paths));
    places.into_iter().find(|place| has(place)).ok_or_else(|| {
        failed(format!(
            "no PostgreSQL server programs are found: `apt-get install postgresql` (as root, `cargo xtask test` does it by \
             itself), or name their folder in {PROGRAMS_VARIABLE}"
        ))
    })
}

/// Whether the server programs are on this machine.
pub fn is_installed() -> bool {
    programs().is_ok()
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

fn unprivileged() -> io::Result<User> {
    let passwd = fs::read_to_string("/etc/passwd")?;
    let user = UNPRIVILEGED.iter().find_map(|name| {
        let fields: Vec<&str> =
            passwd.lines().map(|line| line.split(':').collect::<Vec<_>>()).find(|line| line[0] == *name)?;
        Some(User { name, uid: fields.get(2)?.parse().ok()?, gid: fields.get(3)?.parse().ok()? })
    });
    user.ok_or_else(|| {
        failed(format!("PostgreSQL does not run as root, and the machine knows none of {UNPRIVILEGED:?}"))
    })
}

fn own(user: Option<&User>, path: &Path) -> io::Result<()> {
    match user {
        Some(user) => std::os::unix::fs::chown(path, Some(user.uid), Some(user.gid))
            .map_err(|error| failed(format!("giving {} to {}: {error}", path.display(), user.name))),
        None => Ok(()),
    }
}

/// A folder that only the server's user (and root) may enter. Short: the path of a socket has at most 107 bytes.
fn new_folder(user: Option<&User>) -> io::Result<PathBuf> {
    use std::os::unix::fs::DirBuilderExt as _;
    let folder = std::env::temp_dir().join(format!("earmark-pg-{}", &random_text()?[..12]));
    fs::DirBuilder::new().mode(0o700).create(&folder)?;
    own(user, &folder)?;
    Ok(folder)
}

fn keep(folder: &Path) -> io::Result<Child> {
    let mut keeper = Command::new("sh");
    keeper.args(["-c", KEEPER, "keeper"]).arg(folder).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    std::os::unix::process::CommandExt::process_group(&mut keeper, 0);
    keeper.spawn()
}

/// A port that was free a moment ago.
fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// 128 random bits as text.
fn random_text() -> io::Result<String> {
    let mut line = String::new();
    io::BufReader::new(fs::File::open("/proc/sys/kernel/random/uuid")?).read_line(&mut line)?;
    Ok(line.trim().replace('-', ""))
}

fn signal(name: &str, pids: &[u32]) -> io::Result<()> {
    let status = Command::new("kill").arg(format!("-{name}")).args(pids.iter().map(u32::to_string)).status()?;
    if status.success() { Ok(()) } else { Err(failed(format!("kill -{name} {pids:?} failed"))) }
}

fn failed(text: String) -> io::Error {
    io::Error::other(text)
}
