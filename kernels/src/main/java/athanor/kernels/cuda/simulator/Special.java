package athanor.kernels.cuda.simulator;

import java.util.Locale;
import java.util.Optional;

/// The special registers.
enum Special {
    TID_X,
    TID_Y,
    TID_Z,
    NTID_X,
    NTID_Y,
    NTID_Z,
    CTAID_X,
    CTAID_Y,
    CTAID_Z,
    NCTAID_X,
    NCTAID_Y,
    NCTAID_Z,
    LANEID,
    WARPID,
    NWARPID,
    LANEMASK_EQ,
    LANEMASK_LT,
    LANEMASK_LE,
    LANEMASK_GT,
    LANEMASK_GE,
    DYNAMIC_SMEM_SIZE;

    static Optional<Special> of(String name) {
        for (Special special : values()) {
            String own = "%" + special.name().toLowerCase(Locale.ROOT);
            int last = own.length() - 2;
            boolean dotted = own.charAt(last) == '_' && "xyz".indexOf(own.charAt(last + 1)) >= 0;
            if (name.equals(dotted ? own.substring(0, last) + "." + own.charAt(last + 1) : own)) {
                return Optional.of(special);
            }
        }
        return Optional.empty();
    }

    /// Its value for the thread with that number in the block.
    long value(Launch launch, Dim3 block, int thread) {
        Dim3 size = launch.block();
        int lane = thread % Warp.LANES;
        return switch (this) {
            case TID_X -> thread % size.x();
            case TID_Y -> thread / size.x() % size.y();
            case TID_Z -> thread / size.x() / size.y();
            case NTID_X -> size.x();
            case NTID_Y -> size.y();
            case NTID_Z -> size.z();
            case CTAID_X -> block.x();
            case CTAID_Y -> block.y();
            case CTAID_Z -> block.z();
            case NCTAID_X -> launch.grid().x();
            case NCTAID_Y -> launch.grid().y();
            case NCTAID_Z -> launch.grid().z();
            case LANEID -> lane;
            case WARPID -> thread / Warp.LANES;
            case NWARPID -> (size.count() + Warp.LANES - 1) / Warp.LANES;
            case LANEMASK_EQ -> 1L << lane;
            case LANEMASK_LT -> (1L << lane) - 1;
            case LANEMASK_LE -> (2L << lane) - 1;
            case LANEMASK_GT -> 0xffffffffL & -(2L << lane);
            case LANEMASK_GE -> 0xffffffffL & -(1L << lane);
            case DYNAMIC_SMEM_SIZE -> launch.sharedBytes();
        };
    }
}
