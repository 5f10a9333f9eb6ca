package athanor.cli;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;

/// Two hosts: network namespaces with a cable between them. They share the disk, as a cluster's do.
record Hosts(List<String> namespaces, Path agent) implements AutoCloseable {
    private static final String NETWORK = "10.77.0.";

    /// Needs the rights to make them; where there are none, the test is skipped.
    static Hosts open(Path folder) throws IOException {
        String own = "athanor" + ProcessHandle.current().pid();
        List<String> namespaces = List.of(own + "a", own + "b");
        Path agent = folder.resolve("agent");
        // What mpirun calls for `ssh HOST COMMAND...`. A name of its own makes it another host.
        Files.writeString(
                agent,
                """
                #!/bin/sh
                case $1 in *.1) host=%s ;; *) host=%s ;; esac
                shift
                exec ip netns exec $host unshare --uts sh -c "hostname $host; $*"
                """
                        .formatted(namespaces.get(0), namespaces.get(1)));
        Files.setPosixFilePermissions(agent, PosixFilePermissions.fromString("rwxr-xr-x"));
        Hosts hosts = new Hosts(namespaces, agent);
        String a = namespaces.get(0);
        String b = namespaces.get(1);
        for (String command :
                List.of(
                        "ip netns add " + a,
                        "ip netns add " + b,
                        "ip link add eth0 netns " + a + " type veth peer name eth0 netns " + b,
                        "ip -n " + a + " address add " + NETWORK + "1/24 dev eth0",
                        "ip -n " + b + " address add " + NETWORK + "2/24 dev eth0",
                        "ip -n " + a + " link set eth0 up",
                        "ip -n " + b + " link set eth0 up",
                        "ip -n " + a + " link set lo up",
                        "ip -n " + b + " link set lo up",
                        "ip netns exec " + b + " unshare --uts true")) {
            String problem = run(command);
            if (!problem.isEmpty()) {
                hosts.close();
                assumeTrue(
                        false, "skipped: no hosts of our own (" + command + ": " + problem + ")");
            }
        }
        return hosts;
    }

    /// What is wrong, or nothing.
    private static String run(String command) {
        try {
            Process process =
                    new ProcessBuilder(command.split(" ")).redirectErrorStream(true).start();
            List<String> words = process.inputReader().lines().toList();
            int code = process.waitFor();
            return code == 0 ? "" : "exit code " + code + " " + String.join(" ", words);
        } catch (IOException e) {
            return String.valueOf(e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "interrupted";
        }
    }

    /// One rank on each, over the cable.
    List<String> mpirun() {
        return List.of(
                "ip",
                "netns",
                "exec",
                namespaces.get(0),
                "mpirun",
                "--allow-run-as-root",
                "--bind-to",
                "none",
                "--host",
                NETWORK + "1:1," + NETWORK + "2:1",
                "--mca",
                "plm_rsh_agent",
                agent.toString(),
                "--mca",
                "btl",
                "self,tcp",
                "--mca",
                "btl_tcp_if_include",
                "eth0",
                "--mca",
                "oob_tcp_if_include",
                "eth0",
                "-np",
                "2");
    }

    @Override
    public void close() {
        for (String namespace : namespaces) {
            String problem = run("ip netns del " + namespace);
            if (!problem.isEmpty()) {
                System.out.println(namespace + " is left over: " + problem);
            }
        }
    }
}
