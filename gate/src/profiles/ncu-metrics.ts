/**
 * Metrics that are kept of each launch: those that hardly vary (instructions,
 * bytes, registers, spills) and those that explain a time. A chip has one of the
 * names of a line, the first that its `--query-metrics` lists.
 */
export const NCU_METRICS: readonly (readonly [string, ...string[]])[] = [
  ["gpu__time_duration.sum"],
  ["gpc__cycles_elapsed.max"],
  ["sm__throughput.avg.pct_of_peak_sustained_elapsed"],
  ["gpu__compute_memory_throughput.avg.pct_of_peak_sustained_elapsed"],
  ["gpu__dram_throughput.avg.pct_of_peak_sustained_elapsed"],
  ["dram__bytes_read.sum", "dram__bytes_op_read.sum"],
  ["dram__bytes_write.sum", "dram__bytes_op_write.sum"],
  ["lts__t_sector_hit_rate.pct"],
  ["l1tex__t_sector_hit_rate.pct"],
  ["sm__warps_active.avg.pct_of_peak_sustained_active"],
  ["sm__maximum_warps_per_active_cycle_pct"],
  ["smsp__inst_executed.sum"],
  ["smsp__issue_active.avg.per_cycle_active"],
  ["sm__pipe_tensor_cycles_active.avg.pct_of_peak_sustained_active"],
  ["l1tex__t_sectors_pipe_lsu_mem_local_op_ld.sum"],
  ["l1tex__t_sectors_pipe_lsu_mem_local_op_st.sum"],
  ["l1tex__data_bank_conflicts_pipe_lsu_mem_shared.sum"],
  ["launch__registers_per_thread"],
  ["launch__shared_mem_per_block"],
  ["launch__waves_per_multiprocessor"],
  ["launch__grid_size"],
  ["launch__block_size"],
];
