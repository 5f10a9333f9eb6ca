package athanor.train.distributed;

import athanor.engine.Backend;
import athanor.engine.Communicator;
import athanor.engine.backend.Cuda;

/// The ranks that this process belongs to. MPI is joined once in the life of a process, and left at
/// its end; so this is one to a process, as MPI_COMM_WORLD is.
public final class World {
    private static Communicator current = Communicator.single();
    private static String host = "";

    private World() {}

    /// Joins the others where MPI has started this process; else it is the only one.
    public static synchronized Communicator join() {
        if (current.size() == 1 && Launch.here().isMpi()) {
            Mpi mpi = Mpi.open();
            current = mpi;
            host = mpi.host();
        }
        return current;
    }

    /// The same ranks; where all compute on GPUs and have NCCL, by NCCL.
    public static synchronized Communicator on(Backend backend, Communicator ranks) {
        if (ranks instanceof Mpi) {
            boolean real = backend instanceof Cuda && !backend.name().equals("cuda-sim");
            double having = ranks.sum(real && Nccl.installed().isPresent() ? 1 : 0)[0];
            if (having == ranks.size() && backend instanceof Cuda gpu) {
                current = Nccl.open(ranks, gpu);
                return current;
            }
        }
        return ranks;
    }

    /// Who this is, as in `rank 3 on node7`; empty where there is one.
    public static synchronized String self() {
        return current.size() == 1 ? "" : "rank " + current.rank() + " on " + host;
    }

    /// At the end of the process: with 0 all leave, when the last is done; any other code ends all.
    public static synchronized void leave(int code) {
        if (code == 0) {
            current.close();
        } else {
            current.abort(code);
        }
    }
}
