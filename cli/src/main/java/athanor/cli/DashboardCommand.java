package athanor.cli;

import athanor.train.InvalidSetting;
import athanor.train.report.Dashboard;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Serves a page that shows runs.
@Command(
        name = "dashboard",
        mixinStandardHelpOptions = true,
        header = "Serve a page that shows a run, or compares several, while they train.",
        description = {
            "",
            "It ends with Ctrl-C. Nobody but this machine can see it, unless --port names an address.",
            ""
        })
final class DashboardCommand implements Callable<Integer> {
    static final String PORT = "8710";

    private final Screen screen;

    @Parameters(
            arity = "1..*",
            paramLabel = "RUNS",
            description = "folders that train wrote, or folders of them")
    List<Path> runs = new ArrayList<>();

    @Option(
            names = "--port",
            paramLabel = "[ADDRESS:]PORT",
            defaultValue = PORT,
            description = "where to serve; 0: any that is free [" + PORT + "]")
    String port = PORT;

    DashboardCommand(Screen screen) {
        this.screen = screen;
    }

    @Override
    public Integer call() throws InterruptedException {
        try (Dashboard dashboard = Dashboard.serve(address("--port", port), runs)) {
            screen.line("see %s", dashboard.address());
            new CountDownLatch(1).await(); // Until the process is ended.
        }
        return 0;
    }

    /// Of a port alone, that of the loopback device.
    static InetSocketAddress address(String option, String given) {
        int colon = given.lastIndexOf(':');
        try {
            int port = Integer.parseInt(given.substring(colon + 1));
            if (port >= 0 && port < 1 << 16) {
                InetAddress host =
                        colon < 0
                                ? InetAddress.getLoopbackAddress()
                                : InetAddress.getByName(given.substring(0, colon));
                return new InetSocketAddress(host, port);
            }
        } catch (NumberFormatException | UnknownHostException e) {
            // Said below.
        }
        throw new InvalidSetting(
                "%s %s: a port of 0 to 65535 is accepted, or an address of this machine, a colon and a port"
                        .formatted(option, given));
    }
}
