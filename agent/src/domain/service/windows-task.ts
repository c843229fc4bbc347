import type { ServiceSettings } from "./service-settings.ts";
import { xmlText } from "./xml-text.ts";

/** LocalService: few rights on this machine, none on others. A well-known identifier, equal in every language. */
export const LOCAL_SERVICE = "S-1-5-19";

/**
 * A task of Windows' Task Scheduler (schema 1.2), at boot or at the user's
 * logon, without a limit of time, and started again every minute when it has
 * failed. A task and not a service: a service must answer the Service Control
 * Manager, which Node cannot without native code or a wrapper.
 * `user`: a SID, or the name of the user whose task it is.
 */
export function windowsTask({ command, folder, scope }: ServiceSettings, user: string): string {
  const [program, ...args] = command;
  const isSystem = scope === "system";
  const trigger = isSystem ? "BootTrigger" : "LogonTrigger";
  const of = isSystem ? "" : `<UserId>${xmlText(user)}</UserId>`;
  const logon = isSystem ? "" : "<LogonType>InteractiveToken</LogonType>";
  return `<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo><Description>Kiln agent</Description></RegistrationInfo>
  <Triggers><${trigger}><Enabled>true</Enabled>${of}</${trigger}></Triggers>
  <Principals>
    <Principal id="Agent"><UserId>${xmlText(user)}</UserId>${logon}<RunLevel>LeastPrivilege</RunLevel></Principal>
  </Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <AllowHardTerminate>true</AllowHardTerminate>
    <StartWhenAvailable>true</StartWhenAvailable>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <Priority>7</Priority>
    <RestartOnFailure><Interval>PT1M</Interval><Count>999</Count></RestartOnFailure>
  </Settings>
  <Actions Context="Agent">
    <Exec>
      <Command>${xmlText(program)}</Command>
      <Arguments>${xmlText(args.map(quotedForWindows).join(" "))}</Arguments>
      <WorkingDirectory>${xmlText(folder)}</WorkingDirectory>
    </Exec>
  </Actions>
</Task>
`;
}

/** As CommandLineToArgvW takes it apart again. */
export function quotedForWindows(arg: string): string {
  if (arg !== "" && !/[\s"]/.test(arg)) return arg;
  return `"${arg.replaceAll(/(\\*)"/g, '$1$1\\"').replace(/(\\+)$/, "$1$1")}"`;
}
